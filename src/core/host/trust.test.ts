import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileEntry } from '../platform.ts'
import { MemoryFiles } from '../testing/memoryFiles.ts'
import { utf8Bytes } from '../text.ts'
import { readTrust } from './trust.ts'

const certificate = utf8Bytes('Amazon - of course\n-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n')
const key = utf8Bytes('-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n')

function filesWith(contents: Record<string, Uint8Array>): MemoryFiles {
  const files = new MemoryFiles()
  for (const [path, content] of Object.entries(contents)) files.contents.set(path, content)
  return files
}

test('a file, however large, or all files of a folder that hold certificates', () => {
  const large = new Uint8Array(100_000).fill(10)
  large.set(certificate, 99_000)
  const files = filesWith({
    'a.pem': certificate,
    large,
    'd/b.crt': certificate,
    'd/k.pem': key,
    'd/c.txt': certificate,
  })
  assert.deepEqual(readTrust(files, 'a.pem'), [certificate])
  assert.deepEqual(readTrust(files, 'large'), [large])
  assert.deepEqual(readTrust(files, 'd'), [certificate])
  assert.equal(readTrust(files, undefined), undefined)
})

/** Every folder of it has a link that leads nowhere. */
class FilesWithLink extends MemoryFiles {
  override list(path: string): readonly FileEntry[] {
    return [{ name: 'gone.pem', type: 'other' }, ...super.list(path)]
  }
}

test('what is no file in a folder of certificates is passed over, whatever its name', () => {
  const files = new FilesWithLink()
  for (const path of ['d/a.pem', 'd/old.pem/b.pem', 'd/old.crt/c']) files.contents.set(path, certificate)
  assert.deepEqual(readTrust(files, 'd'), [certificate])
})

test('nothing to trust is an error that names the path', () => {
  const files = filesWith({ 'k.pem': key, 'd/k.pem': key, 'locked.pem': certificate })
  files.unreadable.add('locked.pem')
  for (const [path, message] of [
    ['k.pem', 'k.pem holds no certificate'],
    ['d', 'd holds no certificate'],
    ['none', 'the certificates at none cannot be read'],
    ['locked.pem', 'the certificates at locked.pem cannot be read'],
  ] as const) {
    assert.throws(() => readTrust(files, path), { code: 'CONFIGURATION', message })
  }
})
