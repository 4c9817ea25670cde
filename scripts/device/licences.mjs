/** The licences of all that an executable is made of: who passes it on has to pass them on. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache, checkout } from './folders.mjs'
import { lock } from './lock.mjs'
import { sourceOf } from './sources.mjs'

export async function licences() {
  const quickjs = await sourceOf('quickjs')
  const mbedtls = await sourceOf('mbedtls')
  const parts = [
    ['kvs-producer', join(checkout, 'LICENSE')],
    ['QuickJS, the JavaScript engine', join(quickjs.folder, 'LICENSE')],
    ['mbedTLS, of whose two licences this is used under the Apache License', join(mbedtls.folder, 'LICENSE')],
    ...cLibrary(),
  ]
  return parts.map(([title, path]) => `${heading(title)}${readFileSync(path, 'utf8').trim()}\n`).join('\n\n')
}

/** A vendor's compiler (KVS_CC) links the vendor's own; then this one may never have been fetched. */
function cLibrary() {
  const zig = join(cache, `zig-${lock.zig.version}`, 'package')
  if (!existsSync(zig)) return []
  return [
    ['musl, the C library', join(zig, 'lib', 'libc', 'musl', 'COPYRIGHT')],
    ["Zig's run-time support for compiled C", join(zig, 'LICENSE')],
  ]
}

function heading(title) {
  return `${title}\n${'='.repeat(title.length)}\n\n`
}
