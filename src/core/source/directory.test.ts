import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../errors.ts'
import { portableSearch } from '../frame/codec/search.ts'
import { adtsPacket, packet, parameterSets, picture } from '../testing/media.ts'
import { MemoryFiles } from '../testing/memoryFiles.ts'
import { type DirectoryOptions, FrameReader, openDirectory } from './directory.ts'
import { numberedFiles } from './numbering.ts'

const file = (name: string) => ({ name, type: 'file' as const })

test('numbered files are found in any order and with any first number', () => {
  fc.assert(
    fc.property(
      fc.nat(1200),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 5 }),
      (first, count, width) => {
        const names = Array.from({ length: count }, (_, n) => `f-${String(first + n).padStart(width, '0')}.x`)
        const padded = names.every((name) => name.length === (names[0] ?? '').length || width <= String(first).length)
        fc.pre(padded)
        const entries = [...names].reverse().map(file)
        const found = numberedFiles('dir', 'f-', '.x', [...entries, file('f-.x'), file('f-1x.x'), file('readme')])
        assert.equal(found?.count, count)
        assert.deepEqual(
          names,
          names.map((_, n) => found?.path(n).slice('dir/'.length)),
        )
      },
    ),
  )
})

test('a gap is named, and so is a number that occurs twice', () => {
  const gap = () => numberedFiles('dir', 'f-', '.x', ['f-001.x', 'f-002.x', 'f-004.x'].map(file))
  assert.throws(
    gap,
    (error) => error instanceof KvsError && error.code === 'INPUT_GAP' && /f-003.x/.test(error.message),
  )
  const twice = () => numberedFiles('dir', 'f-', '.x', ['f-001.x', 'f-01.x', 'f-002.x'].map(file))
  assert.throws(twice, (error) => error instanceof KvsError && /number 1 occurs twice/.test(error.message))
  const padded = () => numberedFiles('dir', 'f-', '.x', ['f-02.x', 'f-1.x'].map(file))
  assert.throws(
    padded,
    (error) => error instanceof KvsError && /f-2.x is missing \(next is f-02.x\)/.test(error.message),
  )
  assert.equal(
    numberedFiles('dir', 'f-', '.x', [file('g-001.x'), { name: 'f-001.x', type: 'directory' as const }]),
    null,
  )
})

function sample(layout: Readonly<Record<string, Uint8Array>>): MemoryFiles {
  const files = new MemoryFiles()
  files.contents.set('d/other', new Uint8Array(1))
  for (const [name, content] of Object.entries(layout)) files.contents.set(`d/${name}`, content)
  return files
}

const h264 = {
  'h264SampleFrames/frame-001.h264': picture(1, true),
  'h264SampleFrames/frame-002.h264': picture(2, false),
}
const aac = { 'aacSampleFrames/sample-001.aac': packet(1) }
const alaw = { 'alawSampleFrames/sample-000.alaw': new Uint8Array(160) }

function open(files: MemoryFiles, options: Partial<DirectoryOptions> = {}) {
  return openDirectory(files, portableSearch, { directory: 'd', ...options })
}

test('H.264 and AAC when all are there, else what is there', () => {
  const codecs = (files: MemoryFiles, options: Partial<DirectoryOptions> = {}) =>
    open(files, options).map(({ codec }) => codec)
  assert.deepEqual(codecs(sample({ ...h264, ...aac, ...alaw })), ['h264', 'aac'])
  assert.deepEqual(codecs(sample({ ...h264, ...alaw })), ['h264', 'alaw'])
  assert.deepEqual(codecs(sample(h264)), ['h264'])
  assert.deepEqual(codecs(sample(aac)), ['aac'])
  assert.deepEqual(codecs(sample({ ...h264, ...aac, ...alaw }), { audioCodec: 'alaw' }), ['h264', 'alaw'])
  assert.deepEqual(codecs(sample({ ...h264, ...aac }), { videoCodec: 'none' }), ['aac'])
  assert.deepEqual(codecs(sample({ ...h264, ...aac }), { audioCodec: 'none' }), ['h264'])
  // A trailing slash, as in the original's default.
  assert.equal(open(sample(aac), { directory: 'd/' })[0]?.files.path(0), 'd/aacSampleFrames/sample-001.aac')
})

test('rates are those told, those of the bitstream, or the usual ones, in this order', () => {
  const [video] = open(sample(h264))
  assert.equal(video?.framesPerSecond, video?.format.framesPerSecond ?? 25)
  assert.equal(open(sample(h264), { framesPerSecond: 12.5 })[0]?.framesPerSecond, 12.5)
  const format = (files: MemoryFiles, options: Partial<DirectoryOptions> = {}) => {
    const [track] = open(files, options)
    return [track?.format.sampleRateHz, track?.format.channels]
  }
  assert.deepEqual(format(sample(aac)), [48_000, 2])
  assert.deepEqual(format(sample(aac), { sampleRateHz: 44_100, channels: 1 }), [44_100, 1])
  assert.deepEqual(format(sample({ 'aacSampleFrames/sample-001.aac': adtsPacket(1) })), [48_000, 2])
  assert.deepEqual(format(sample(alaw)), [8000, 1])
  assert.deepEqual(format(sample(alaw), { sampleRateHz: 16_000, channels: 2 }), [16_000, 2])
})

test('what is wrong with a directory is said with the path and ends with 66', () => {
  const gap = {
    'h264SampleFrames/frame-001.h264': picture(1, true),
    'h264SampleFrames/frame-003.h264': picture(3, true),
  }
  const cases: [MemoryFiles, Partial<DirectoryOptions>, string, string][] = [
    [sample(h264), { directory: 'elsewhere' }, 'INPUT_MISSING', 'elsewhere'],
    [sample({}), {}, 'INPUT_MISSING', 'd has no frames'],
    [sample(h264), { videoCodec: 'h265' }, 'INPUT_MISSING', 'h265SampleFrames'],
    [sample({ 'h264SampleFrames/readme': packet(1) }), {}, 'INPUT_MISSING', 'frame-001.h264'],
    [sample(gap), {}, 'INPUT_GAP', 'frame-002.h264'],
    [sample({ ...h264, 'h264SampleFrames/frame-001.h264': new Uint8Array(0) }), {}, 'MEDIA_INVALID', 'frame-001.h264'],
    [sample({ 'aacSampleFrames/sample-001.aac': new Uint8Array(0) }), {}, 'MEDIA_INVALID', 'sample-001.aac'],
    [
      sample({ 'h264SampleFrames/frame-001.h264': new Uint8Array(99).fill(0x5a) }),
      {},
      'MEDIA_INVALID',
      'frame-001.h264',
    ],
    [sample({ 'h264SampleFrames/frame-001.h264': picture(1, false) }), {}, 'MEDIA_INVALID', 'no parameter sets'],
  ]
  for (const [files, options, code, text] of cases) {
    assert.throws(
      () => open(files, options),
      (error) => {
        if (!(error instanceof KvsError)) return false
        assert.deepEqual([error.code, error.exitStatus], [code, 66])
        assert.equal(error.message.includes(text), true, error.message)
        return true
      },
    )
  }
  const files = sample(h264)
  files.unreadable.add('d/h264SampleFrames/frame-001.h264')
  assert.throws(() => open(files), { code: 'INPUT_UNREADABLE' })
})

test('the format may stand in a later frame', () => {
  const files = sample({
    'h264SampleFrames/frame-001.h264': picture(1, false),
    'h264SampleFrames/frame-002.h264': parameterSets,
  })
  assert.equal(open(files)[0]?.format.width, 640)
})

test('a reader has room for every frame, and reads no file twice without need', () => {
  const files = new MemoryFiles()
  const large = packet(1, 100_000)
  files.contents.set('large', large)
  files.contents.set('small', packet(2))
  const reader = new FrameReader(files)
  assert.deepEqual(reader.read('small'), packet(2))
  assert.deepEqual(reader.read('large'), large)
  files.reads = 0
  assert.deepEqual(reader.read('large'), large)
  assert.equal(files.reads, 1)
})
