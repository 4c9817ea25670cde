/**
 * Makes dist/ from src/: JavaScript and types, and every file that is not TypeScript as it is.
 * `npm install` in a checkout runs it through "prepare".
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

// dist/device has a build of its own: scripts/device.mjs.
for (const name of existsSync('dist') ? readdirSync('dist') : []) {
  if (name !== 'device') rmSync(join('dist', name), { recursive: true, force: true })
}
const { status, error } = spawnSync(process.execPath, [compiler(), '-p', 'tsconfig.build.json', '--noEmitOnError'], {
  stdio: 'inherit',
})
if (error) throw error
if (status !== 0) fail('the compiler refused src/, see above')

cpSync('src', 'dist', { recursive: true, filter: (path) => statSync(path).isDirectory() || !path.endsWith('.ts') })

const { bin } = JSON.parse(readFileSync('package.json', 'utf8'))
for (const command of Object.values(bin)) {
  if (!readFileSync(command, 'utf8').startsWith('#!/usr/bin/env node')) fail(`${command} has no #!/usr/bin/env node`)
  chmodSync(command, 0o755)
}

function compiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc')
  } catch {
    return fail('the TypeScript compiler is missing: npm install, with the development dependencies')
  }
}

function fail(message) {
  console.error(`build: ${message}`)
  process.exit(1)
}
