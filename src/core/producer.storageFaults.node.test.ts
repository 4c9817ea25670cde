import { test } from 'node:test'
import { KvsError } from './errors.ts'
import type { Storage, StoredFile } from './platform.ts'
import { refusedConnection } from './testing/fakeNetwork.ts'
import { ForgetfulFiles } from './testing/forgetfulFiles.ts'
import { media } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

type Operation =
  | 'open'
  | 'append'
  | 'readAt'
  | 'truncate'
  | 'sync'
  | 'close'
  | 'size'
  | 'remove'
  | 'syncDirectory'
  | 'unlock'
/** A storage whose operations fail from now on, as the contract of Storage allows. */
function failing(inner: ForgetfulFiles, fails: () => readonly Operation[]): Storage {
  const check = (operation: Operation) => {
    if (fails().includes(operation))
      throw new KvsError(operation === 'readAt' ? 'INPUT_UNREADABLE' : 'OUTPUT_UNWRITABLE', `EIO: ${operation}`)
  }
  return {
    list: (path) => inner.list(path),
    makeDirectory: (path) => inner.makeDirectory(path),
    syncDirectory: (path) => {
      check('syncDirectory')
      inner.syncDirectory(path)
    },
    lock: (path) => {
      const unlock = inner.lock(path)
      return () => {
        check('unlock')
        unlock()
      }
    },
    openStored: (path, make) => {
      check('open')
      const file = inner.openStored(path, make)
      const wrapped: StoredFile = {
        sizeBytes: () => {
          check('size')
          return file.sizeBytes()
        },
        append: (bytes) => {
          check('append')
          file.append(bytes)
        },
        readAt: (offset, into) => {
          check('readAt')
          return file.readAt(offset, into)
        },
        truncate: (size) => {
          check('truncate')
          file.truncate(size)
        },
        sync: () => {
          check('sync')
          file.sync()
        },
        close: () => {
          file.close()
          check('close')
        },
      }
      return wrapped
    },
    remove: (path) => {
      check('remove')
      inner.remove(path)
    },
    crc32: (bytes, before) => inner.crc32(bytes, before),
  }
}

const all: readonly Operation[] = [
  'open',
  'append',
  'readAt',
  'truncate',
  'sync',
  'close',
  'size',
  'remove',
  'syncDirectory',
  'unlock',
]
for (const from of ['full', 'draining', 'end'] as const) {
  for (const operations of [...all.map((each) => [each]), all]) {
    test(`${operations.length > 1 ? 'everything' : operations[0]} fails from ${from} on`, async () => {
      let now: readonly Operation[] = []
      const storage = failing(new ForgetfulFiles(), () => now)
      const rig = await new Rig({
        tracks: [{ codec: 'h264' }],
        bufferBytes: 64 * 1024,
        overflow: 'drop-oldest',
        spool: { storage, directory: '/spool', capacityBytes: 4 * 1024 * 1024 },
      }).ready()
      rig.service.dial = () => refusedConnection
      const frames = media({ framesPerSecond: 10, pictureBytes: 1000, audio: false, durationMs: 60_000 })
      for (const frame of frames) {
        if (frame.pts === 30_000) {
          if (from === 'full') now = operations
          rig.service.dial = () => undefined
        }
        if (frame.pts === 32_000 && from === 'draining') now = operations
        rig.producer.putFrame(frame)
        await rig.clock.advance(100)
      }
      if (from === 'end') {
        rig.service.dial = () => refusedConnection
        for (const { connection } of rig.service.sessions) connection.close(refusedConnection)
        now = operations
      }
      const ended = rig.producer.stop(10_000)
      await rig.clock.until(() => rig.summary !== undefined, 10_001)
      const summary = await ended
      await rig.over(summary)
    })
  }
}
