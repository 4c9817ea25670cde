import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Spool } from '../core/buffer/spool/spool.ts'
import { isAsSaid, spoolReport } from '../core/buffer/spool/testing/killedSpool.ts'
import { failsWith } from '../core/testing/failsWith.ts'
import { utf8Bytes, utf8Text } from '../core/text.ts'
import { storage } from './storage.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'kvs-storage-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

test('a file is appended, read, cut and removed', (t) => {
  const path = join(folder(t), 'file')
  assert.throws(() => storage.openStored(path, false), failsWith('OUTPUT_UNWRITABLE', /ENOENT/))
  const file = storage.openStored(path, true)
  file.append(utf8Bytes('one two'))
  file.sync()
  file.truncate(4)
  file.append(utf8Bytes('four'))
  const into = new Uint8Array(5)
  assert.deepEqual([file.sizeBytes(), file.readAt(2, into), utf8Text(into)], [8, 5, 'e fou'])
  assert.deepEqual([file.readAt(6, into), file.readAt(2 ** 33, into)], [2, 0])
  file.close()
  const again = storage.openStored(path, true)
  assert.equal(again.sizeBytes(), 8)
  again.close()
  storage.remove(path)
  assert.throws(() => storage.remove(path), failsWith('OUTPUT_UNWRITABLE', /ENOENT/))
})

test('a folder is made where those above it are', (t) => {
  const path = join(folder(t), 'new')
  storage.makeDirectory(path)
  storage.makeDirectory(path)
  storage.syncDirectory(path)
  assert.deepEqual(storage.list(join(path, '..')), [{ name: 'new', type: 'directory' }])
  assert.throws(() => storage.makeDirectory(join(path, 'a/b')), failsWith('OUTPUT_UNWRITABLE', /ENOENT/))
  assert.throws(() => storage.syncDirectory(join(path, 'a')), failsWith('OUTPUT_UNWRITABLE', /ENOENT/))
})

test('a full disk is said as such', () => {
  const full = storage.openStored('/dev/full', false)
  assert.throws(() => full.append(utf8Bytes('x')), failsWith('OUTPUT_UNWRITABLE', /the disk is full$/))
  full.close()
})

test('CRC-32', () => {
  assert.equal(storage.crc32(utf8Bytes('6789'), storage.crc32(utf8Bytes('12345'), 0)), 0xcbf43926)
})

test('a folder has one owner, in this process as well, until it is given back', (t) => {
  const path = folder(t)
  writeFileSync(join(path, 'other.lock'), '')
  const giveBack = storage.lock(path)
  assert.throws(() => storage.lock(path), failsWith('OUTPUT_UNWRITABLE', /is in use by another process$/))
  giveBack()
  storage.lock(path)()
  assert.deepEqual(readdirSync(path), ['other.lock'])
  assert.throws(() => storage.lock(join(path, 'missing')), failsWith('OUTPUT_UNWRITABLE', /ENOENT/))
})

test('what a process left that is gone is no owner, also where its number was given to another', (t) => {
  const path = folder(t)
  const [own = ''] = ownersOf(path)
  // Number and beginning of a process, then the same numbers with another beginning, and one that no process has.
  const gone = [own.replace('-', '-0'), `1-00000000.1.lock`, `4194305-${own.split('-')[1]}`]
  for (const name of gone) writeFileSync(join(path, name), '')
  assert.deepEqual(ownersOf(path), [own])
  assert.deepEqual(readdirSync(path), [])
})

test('nor is one that has ended, of which its parent has not heard', async (t) => {
  const path = folder(t)
  // The shell becomes a program that waits for nobody.
  const parent = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 1000'])
  t.after(() => parent.kill('SIGKILL'))
  const [said] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(said.toString())
  const stateOf = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2]
  while (stateOf() !== 'Z') await setImmediate()
  const start = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21]
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
  writeFileSync(join(path, `${pid}-${boot}.${start}.lock`), '')
  storage.lock(path)()
})

function ownersOf(path: string): string[] {
  const giveBack = storage.lock(path)
  const names = readdirSync(path)
  giveBack()
  return names
}

test('a spool outlives its process wherever that is killed, and has one owner', async (t) => {
  const directory = join(folder(t), 'spool')
  const program = fileURLToPath(new URL('testing/fillSpool.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const open = () => new Spool({ storage, directory, capacityBytes: 1e9 })
  let output = ''
  child.stdout.setEncoding('utf8')
  for await (const text of child.stdout) {
    if (output === '') assert.throws(open, failsWith('OUTPUT_UNWRITABLE', /spool is in use by another process$/))
    output += text
    if (output.length > 1000) child.kill('SIGKILL')
  }
  await ended
  const spool = open()
  t.after(() => spool.close())
  const report = spoolReport(spool)
  assert.ok(isAsSaid(report, output), `${output}: ${JSON.stringify(report)}`)
})
