import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import { failsWith } from '../testing/failsWith.ts'
import { MemoryFiles } from '../testing/memoryFiles.ts'
import { utf8Bytes } from '../text.ts'
import { clientCertificateFiles } from './clientCertificateFiles.ts'

function filesWith(contents: Record<string, string>): MemoryFiles {
  const files = new MemoryFiles()
  for (const [path, content] of Object.entries(contents)) files.contents.set(path, utf8Bytes(content))
  return files
}

test('the same object as long as the files are the same, another one when either has changed', () => {
  const files = filesWith({ cert: 'c1', key: 'k1' })
  const read = clientCertificateFiles(files, 'cert', 'key')
  const first = read()
  assert.deepEqual(first, { chain: utf8Bytes('c1'), key: utf8Bytes('k1') })
  files.contents.set('cert', utf8Bytes('c1'))
  assert.equal(read(), first)
  for (const [path, content] of [
    ['cert', 'c2'],
    ['key', 'k2'],
    ['key', 'k22'],
  ] as const) {
    const before = read()
    files.contents.set(path, utf8Bytes(content))
    assert.notEqual(read(), before, content)
  }
  assert.deepEqual(read(), { chain: utf8Bytes('c2'), key: utf8Bytes('k22') })
})

test('what cannot be read is told at once, and tried again where it could be before', () => {
  assert.throws(
    () => clientCertificateFiles(filesWith({ key: 'k' }), 'cert', 'key'),
    failsWith('CONFIGURATION', /cert/),
  )
  const files = filesWith({ cert: 'c', key: 'k' })
  files.unreadable.add('key')
  assert.throws(
    () => clientCertificateFiles(files, 'cert', 'key'),
    (error) => failsWith('CONFIGURATION', /the client key cannot be read: key/)(error) && !(error as KvsError).retry,
  )
  files.unreadable.clear()
  const read = clientCertificateFiles(files, 'cert', 'key')
  files.contents.delete('key')
  assert.throws(read, (error) => error instanceof KvsError && error.retry)
})
