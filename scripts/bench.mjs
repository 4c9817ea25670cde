/**
 * npm run bench: builds dist/ where it is older than src/, then runs bench/main.ts with the arguments given; with `device`
 * as the first of them bench/device/main.ts.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const builtMs = statSync('dist/node/kvs.js', { throwIfNoEntry: false })?.mtimeMs ?? 0
if (newest('src') > builtMs) run('scripts/build.mjs')
const [first, ...rest] = process.argv.slice(2)
if (first === 'device') run('--import', 'tsx', 'bench/device/main.ts', ...rest)
else run('--import', 'tsx', 'bench/main.ts', ...process.argv.slice(2))

function newest(folder) {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile())
  return Math.max(...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs))
}

function run(...args) {
  const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}
