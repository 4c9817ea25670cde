/** What the kernel maps of an executable before its first instruction runs. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'

/** Bytes of all loaded segments of a 64-bit little-endian executable (ELF-64 Object File Format, version 1.5). */
export async function loadedBytes(path: string): Promise<number> {
  const file = await readFile(path)
  assert.equal(file.toString('latin1', 0, 6), '\x7fELF\x02\x01', `${path} is no such executable`)
  const [table, entryBytes, entries] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(54), file.readUInt16LE(56)]
  const loadable = 1
  let sum = 0
  for (let at = table; at < table + entries * entryBytes; at += entryBytes) {
    if (file.readUInt32LE(at) === loadable) sum += Number(file.readBigUInt64LE(at + 40))
  }
  return sum
}
