/** What the documents say is what the program does. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { demoSyntax } from '../src/cli/commands/demoSyntax.ts'
import { localSyntax } from '../src/cli/commands/localSyntax.ts'
import { streamOptions } from '../src/cli/commands/streamOptions.ts'
import { type ErrorCode, errorCodes, KvsError } from '../src/core/errors.ts'
import { version } from '../src/core/version.ts'
import { root } from './drive/folder.ts'

const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter(isText)
    .map((name) => `docs/${name}`),
]
const service = readdirSync(join(root, 'docs', 'service')).map((name) => `docs/service/${name}`)

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

test('the version is that of the package', async () => {
  assert.equal(JSON.parse(await read('package.json')).version, version)
})

test('the README has every option and every variable of kvs', async () => {
  const readme = await read('README.md')
  for (const { name, env = [] } of streamOptions) {
    assert.equal(readme.includes(`\`--${name}`) || readme.includes(`, \`--${name}`), true, name)
    for (const variable of env) assert.equal(readme.includes(variable), true, variable)
  }
})

test('docs/errors.md has every error with its exit status, and whether it is tried again', async () => {
  const lines = (await read('docs/errors.md')).split('\n')
  for (const code of errorCodes) {
    const [, , status, retry] = lines.find((line) => line.startsWith(`| \`${code}\``))?.split('|') ?? []
    const error = new KvsError(code satisfies ErrorCode, 'x')
    assert.deepEqual([code, Number(status), retry?.trim()], [code, error.exitStatus, error.retry ? 'yes' : ''])
  }
})

test('every link leads to a file, and to a heading of it', async () => {
  for (const document of documents) {
    for (const [, target = ''] of (await read(document)).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path = '', heading] = target.split('#')
      const file = path === '' ? document : join(dirname(document), path)
      await assert.doesNotReject(access(join(root, file)), `${document}: ${target}`)
      if (heading !== undefined) assert.ok(anchors(await read(file)).includes(heading), `${document}: ${target}`)
    }
  }
})

test('every file of docs/service is explained', async () => {
  const text = await read('docs/camera.md')
  for (const path of service) assert.match(text, new RegExp(`[\`/]${path.split('/').at(-1)}\\b`), path)
})

test('every option of a command line of kvs is one that kvs knows', async () => {
  const known = [streamOptions, localSyntax.options, demoSyntax.options].flat()
  const names = known.flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])])
  let count = 0
  for (const path of [...documents, ...service]) {
    for (const command of commandLines(await read(path))) {
      for (const [option] of command.matchAll(/(?<=\s)--?[a-zA-Z][\w-]*/g)) {
        assert.ok(names.includes(option), `${path}: ${command}`)
        count++
      }
    }
  }
  assert.ok(count > 20, `${count} options found`)
})

test('every target of npm run device has its row in the tables of processors', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'scripts', 'device.mjs'), '--help'])
  const targets = /^Targets: (.*)$/m.exec(stdout)?.[1]?.split(', ') ?? []
  assert.ok(targets.length > 1)
  for (const path of ['README.md', 'docs/camera.md']) {
    const rows = [...(await read(path)).matchAll(/^\| `[^|]+\| `kvs-(\w+)` \|/gm)].map(([, target]) => target)
    assert.deepEqual(rows.sort(), targets.sort(), path)
  }
})

function isText(name: string): boolean {
  return name.endsWith('.md')
}

/** As the usual renderers make them of headings. */
function anchors(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** What stands behind `kvs`, under any of its names, up to the end of the code, a comment or the next command. */
function commandLines(text: string): readonly string[] {
  const options = [...text.matchAll(/KVS_OPTIONS="(.*)"/g)].map(([, words = '']) => ` ${words}`)
  const commands = [...text.matchAll(/(?<![\w-])kvs(?:-(?!run)\w+)?(?= )([^\n`#;&|"']*)/g)].map(([line]) => line)
  return [...options, ...commands]
}
