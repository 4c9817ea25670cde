/** Compiles C files; an object is kept under the hash of all that went into it. */
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { cache, makeWhole } from './folders.mjs'
import { sha256 } from './lock.mjs'
import { inParallel, run } from './run.mjs'

/**
 * `groups`: files that are compiled alike. `flags` are the same wherever the folders lie, `places` are the flags that
 * are not (include folders and what hides them), and `madeWith` identifies everything that the files include.
 */
export async function compileAll(compiler, groups) {
  const tasks = groups.flatMap((group) => group.files.map((file) => () => compile(compiler, group, file)))
  return inParallel(tasks, availableParallelism())
}

async function compile(compiler, { flags, places, madeWith }, file) {
  const common = [...compiler.flags, ...compiler.compileFlags, ...flags]
  const recipe = JSON.stringify([compiler.id, common, madeWith, basename(file)])
  const object = join(cache, 'objects', `${basename(file)}-${sha256(recipe, '\n', readFileSync(file))}.o`)
  if (existsSync(object)) return object
  await makeWhole(object, (unfinished) =>
    run(compiler.program, [...common, ...places, '-c', file, '-o', unfinished], {
      env: compiler.env,
      name: `compiling ${basename(file)}`,
    }),
  )
  return object
}
