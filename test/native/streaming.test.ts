/** The list of functions that the linker lays side by side (native/streaming.txt) names functions that there are. */

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../drive/folder.ts'

const { sourceOf } = (await import(pathToFileURL(join(root, 'scripts/device/sources.mjs')).href)) as {
  sourceOf(name: string): Promise<{ folder: string }>
}

test('every function of the list is one of the engine, of TLS or of native/', async () => {
  const [engine, tls] = [await sourceOf('quickjs'), await sourceOf('mbedtls')]
  const folders = [engine.folder, join(tls.folder, 'library'), join(root, 'native')]
  const texts = (await Promise.all(folders.map(textOf))).join('\n')
  const words = new Set(texts.match(/\w+/g))
  const list = (await readFile(join(root, 'native/streaming.txt'), 'utf8')).split('\n')
  const names = list.filter((line) => line !== '' && !line.startsWith('#'))
  assert.ok(names.length > 300)
  assert.deepEqual(
    names.filter((name) => !words.has(name)),
    [],
  )
})

async function textOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => /\.[ch]$/.test(name))
  return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('\n')
}
