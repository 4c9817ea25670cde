/** Runs on the device's host: does with its storage what its first argument names, and prints what came of it as JSON. */

import { Spool } from '../../src/core/buffer/spool/spool.ts'
import { fillSpool, spoolReport } from '../../src/core/buffer/spool/testing/killedSpool.ts'
import { utf8Bytes, utf8Text } from '../../src/core/text.ts'
import { storage } from '../../src/device/storage.ts'

const [name = '', ...args] = native.args

function done(result: unknown): void {
  native.stdout(JSON.stringify(result))
  native.exit(0)
}

const cases: Record<string, (...args: string[]) => void> = {
  crc32(...lengths) {
    const patterns = lengths.map((length) => Uint8Array.from({ length: Number(length) }, (_, i) => i * 7))
    done(patterns.map((bytes) => native.crc32(bytes.subarray(3), native.crc32(bytes.subarray(0, 3), 0))))
  },

  /** A file is made, appended to, read, cut and removed. */
  file(path = '') {
    const into = new Uint8Array(5)
    const missing = native.openStored(path, false)
    const file = native.openStored(path, true)
    if (typeof file === 'string') return done({ file })
    const results = [
      native.writeFile(file, utf8Bytes('one two')),
      native.syncFile(file),
      native.truncateFile(file, 4),
      native.writeFile(file, utf8Bytes('four')),
      native.fileSize(file),
      native.readFileAt(file, 2, into),
      utf8Text(into),
      native.readFileAt(file, 6, into),
      native.readFileAt(file, 2 ** 33, into),
    ]
    native.closeFile(file)
    const closed = [native.fileSize(file), native.readFileAt(file, 0, into), native.syncFile(file)]
    done({ missing, results, closed, cut: native.truncateFile(file, 0), removed: removedTwice(path) })
  },

  folder(path = '') {
    const made = [native.makeDirectory(path), native.makeDirectory(path), native.makeDirectory(`${path}/a/b`)]
    done({ made, synced: [native.syncDirectory(path), native.syncDirectory(`${path}/a`)] })
  },

  lock(path = '') {
    const first = native.lockFile(path)
    const second = native.lockFile(path)
    if (typeof first === 'number') native.closeFile(first)
    const third = native.lockFile(path)
    done({ first: typeof first, second, third: typeof third, missing: native.lockFile(`${path}/a/b`) })
  },

  /** Fragments until it is killed. */
  fill(directory = '') {
    fillSpool(new Spool({ storage, directory, capacityBytes: 1e9 }), native.stdout)
  },

  report(directory = '') {
    const spool = new Spool({ storage, directory, capacityBytes: 1e9 })
    done(spoolReport(spool))
    spool.close()
  },

  reportError(directory = '') {
    try {
      done({ opened: new Spool({ storage, directory, capacityBytes: 1e9 }).waiting })
    } catch (error) {
      done({ error: String(error) })
    }
  },
}

function removedTwice(path: string): unknown {
  return [native.removeFile(path), native.removeFile(path)]
}

cases[name]?.(...args)
