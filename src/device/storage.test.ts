import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { storage } from './storage.ts'
import { FakeNative } from './testing/fakeNative.ts'

let native: FakeNative
beforeEach(() => {
  native = new FakeNative().install()
})

test("the host's results are the port's", () => {
  storage.makeDirectory('dir')
  storage.syncDirectory('dir')
  storage.remove('file')
  const file = storage.openStored('file', true)
  const bytes = new Uint8Array(4)
  file.append(bytes)
  file.truncate(2)
  file.sync()
  assert.deepEqual([file.sizeBytes(), file.readAt(7, bytes), storage.crc32(bytes, 3)], [9, 4, 7])
  file.close()
  storage.lock('dir')()
  assert.deepEqual([native.written.get(3), native.closed], [[bytes], [3, 4]])
})

test("the host's errors are the port's, with the path", () => {
  const file = storage.openStored('file', false)
  const code = 'OUTPUT_UNWRITABLE'
  for (const path of ['dir', 'file', 'dir/lock', '3']) native.errors.set(path, 'EIO')
  for (const task of [
    () => storage.makeDirectory('dir'),
    () => storage.syncDirectory('dir'),
    () => storage.lock('dir'),
  ]) {
    assert.throws(task, { code, message: 'dir cannot be written (EIO)' })
  }
  for (const task of [
    () => storage.remove('file'),
    () => storage.openStored('file', true),
    () => file.append(new Uint8Array(4)),
    () => file.truncate(2),
    () => file.sync(),
    () => file.sizeBytes(),
  ]) {
    assert.throws(task, { code, message: 'file cannot be written (EIO)' })
  }
  assert.throws(() => file.readAt(0, new Uint8Array(4)), {
    code: 'INPUT_UNREADABLE',
    message: 'file cannot be read (EIO)',
  })
})

test('a folder that another process has', () => {
  native.errors.set('dir/lock', 'EAGAIN')
  assert.throws(() => storage.lock('dir'), { message: 'dir is in use by another process' })
})
