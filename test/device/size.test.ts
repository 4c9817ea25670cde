/** The README's table of executables against the one that is there. */

import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { root } from '../drive/folder.ts'
import { command } from '../drive/kvs.ts'

/** What a revision of the engine, of TLS or of the program may add or save before the README has to say so. */
const tolerance = 0.03

const executable = command().at(-1) ?? ''
const sanitized = basename(executable) === 'kvs-sanitize' && 'nobody is given the one with the sanitizers'

test('the README says how large the executable is', { skip: sanitized }, async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const row = new RegExp(`\`${basename(executable)}\` \\| (\\d+) KB \\|`).exec(readme)
  assert.ok(row, `README.md has no row for ${basename(executable)}`)
  const { size } = await stat(executable)
  const said = Number(row[1]) * 1000
  assert.ok(Math.abs(size - said) <= said * tolerance, `${executable} has ${size} bytes, README.md says ${row[1]} KB`)
})
