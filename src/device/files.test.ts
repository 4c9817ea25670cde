import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { KvsError } from '../core/errors.ts'
import { files } from './files.ts'
import { FakeNative } from './testing/fakeNative.ts'

let native: FakeNative
beforeEach(() => {
  native = new FakeNative().install()
})

test("the host's results are the port's", () => {
  assert.deepEqual(files.list('dir'), [{ name: 'a', type: 'file' }])
  assert.equal(files.read('file', new Uint8Array(9)), 5)
  files.checkWritable('dir')
})

test("the host's errors are the port's, with the path", () => {
  native.errors.set('none', 'ENOENT').set('file', 'ENOTDIR').set('locked', 'EACCES')
  const silent = { onData: () => undefined, onEnd: () => undefined }
  for (const read of [
    (path: string) => files.list(path),
    (path: string) => files.read(path, new Uint8Array(9)),
    (path: string) => files.open(path, silent),
  ]) {
    assert.throws(() => read('none'), { code: 'INPUT_MISSING', message: 'none does not exist' })
    assert.throws(() => read('file'), { code: 'INPUT_MISSING', message: 'file is no folder' })
    assert.throws(() => read('locked'), { code: 'INPUT_UNREADABLE', message: 'locked cannot be read (EACCES)' })
  }
  for (const write of [(path: string) => files.checkWritable(path), (path: string) => files.create(path)]) {
    assert.throws(() => write('locked'), { code: 'OUTPUT_UNWRITABLE', message: 'locked cannot be written (EACCES)' })
  }
})

test('a file is written until it is closed', () => {
  const file = files.create('out')
  const bytes = new Uint8Array(4)
  file.write(bytes)
  file.close()
  file.close()
  file.write(bytes)
  assert.deepEqual([native.written.get(3), native.closed], [[bytes], [3]])
})

test('a full disk is told with the path of the file', () => {
  const file = files.create('out')
  native.errors.set('3', 'ENOSPC')
  assert.throws(() => file.write(new Uint8Array(4)), { message: 'out cannot be written: the disk is full' })
})

test('an input that fails says so at its end', () => {
  const ends: (KvsError | null)[] = []
  const open = () => files.open('in', { onData: () => undefined, onEnd: (error) => ends.push(error) })
  open()
  open()
  native.inputs[0]?.handlers.onEnd(null)
  native.inputs[1]?.handlers.onEnd('EIO')
  assert.equal(ends[0], null)
  assert.deepEqual([ends[1]?.code, ends[1]?.message], ['INPUT_UNREADABLE', 'in cannot be read (EIO)'])
})
