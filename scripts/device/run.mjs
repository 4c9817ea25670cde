/** Other programs, and failures that a person can do something about. */
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Told without a stack: the message says what is wrong and what to do. */
export class BuildError extends Error {}

/** Debian's packages of the programs that the build runs. */
export const debianPackages = {
  'apt-get': 'apt',
  bzip2: 'bzip2',
  gcc: 'gcc libc6-dev',
  patch: 'patch',
  tar: 'tar',
  xz: 'xz-utils',
}

/** Where a program lies that is named alone or with its folder; undefined where there is none. */
export function pathOf(program) {
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

export function isInstalled(program) {
  return pathOf(program) !== undefined
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function requireProgram(program, purpose) {
  if (isInstalled(program)) return
  const cure = debianPackages[program] ? `; on Debian: apt-get install ${debianPackages[program]}` : ''
  throw new BuildError(`${program} is missing, which is needed to ${purpose}${cure}`)
}

/** Resolves to what the program printed; what it complains of is part of the error. */
export function run(program, args, { cwd, env, name = program } = {}) {
  const { promise, resolve, reject } = withResolvers()
  const options = { cwd, env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 2 ** 28 }
  execFile(program, args, options, (error, stdout, stderr) => {
    if (!error) resolve({ stdout, stderr })
    else if (error.code === 'ENOENT') reject(new BuildError(`${program} is missing`))
    else reject(new BuildError(`${name} failed\n${stderr || stdout || error.message}`.trimEnd()))
  })
  return promise
}

function withResolvers() {
  const resolvers = {}
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }))
  return resolvers
}

/** Runs the tasks, as many at a time as there are processors, and resolves to their results in order. */
export async function inParallel(tasks, atOnce) {
  const results = []
  let next = 0
  async function work() {
    while (next < tasks.length) {
      const index = next++
      results[index] = await tasks[index]()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

export function say(text) {
  console.error(text)
}
