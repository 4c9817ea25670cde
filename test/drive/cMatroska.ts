/** The bytes that AWS's C producers put on the wire, element by element, with the widths of their size fields. */

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** An element whose size field is 1, 2, 4 or 8 bytes wide. */
function element(id: string, width: 1 | 2 | 4 | 8, content: Uint8Array | string): Buffer {
  const body = Buffer.from(content)
  const size = Buffer.alloc(width)
  size.writeUIntBE(body.length, Math.max(0, width - 6), Math.min(6, width))
  size[0] = (size[0] ?? 0) | (0x80 >> (width - 1))
  return Buffer.concat([hex(id), size, body])
}

const uint64 = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

const double = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}

const ebml = hex('1A45DFA3 A3 4286 8101 42F7 8101 42F2 8104 42F3 8108 4282 88 6d6174726f736b61 4287 8102 4285 8102')
const segment = hex('18538067 FF')

export interface CVideo {
  readonly width: number
  readonly height: number
  readonly avcC: Uint8Array
}

export interface CAudio {
  readonly rateHz: number
  readonly channels: number
  readonly config: Uint8Array
}

/** What differs between the C SDK and the embedded producer. */
export interface Dialect {
  readonly title: string
  readonly app: string
  readonly videoName: string
  readonly audioName: string
  readonly codecIdWidth: 1 | 2
  readonly privateWidth: 1 | 4
}

export const cSdk: Dialect = {
  title: 'Kinesis Video SDK',
  app: 'Kinesis Video SDK 1.1.0',
  videoName: 'kvs_video_track',
  audioName: 'kvs_audio_track',
  codecIdWidth: 1,
  privateWidth: 1,
}

export const embeddedC: Dialect = {
  title: 'KVS'.padEnd(16, '\0'),
  app: 'KVS APP'.padEnd(16, '\0'),
  videoName: 'kvs video track\0',
  audioName: 'kvs audio track\0',
  codecIdWidth: 2,
  privateWidth: 4,
}

export function header(dialect: Dialect, uid: Uint8Array, video: CVideo | null, audio: CAudio | null): Buffer {
  const info = Buffer.concat([
    element('73A4', 1, uid),
    element('2AD7B1', 1, uint64(1_000_000)),
    element('7BA9', 1, dialect.title),
    element('4D80', 1, dialect.app),
    element('5741', 1, dialect.app),
  ])
  const entries: Buffer[] = []
  if (video !== null) {
    const size = Buffer.concat([hex('B0 82'), uint16(video.width), hex('BA 82'), uint16(video.height)])
    const coding = [element('E0', 4, size), element('63A2', dialect.privateWidth, video.avcC)]
    entries.push(trackEntry(dialect, 1, 1, dialect.videoName, 'V_MPEG4/ISO/AVC', coding))
  }
  if (audio !== null) {
    const sound = Buffer.concat([element('B5', 1, double(audio.rateHz)), element('9F', 1, Buffer.of(audio.channels))])
    const coding = [element('E1', 4, sound), element('63A2', dialect.privateWidth, audio.config)]
    entries.push(trackEntry(dialect, entries.length + 1, 2, dialect.audioName, 'A_AAC', coding))
  }
  return Buffer.concat([ebml, segment, element('1549A966', 2, info), element('1654AE6B', 4, Buffer.concat(entries))])
}

function trackEntry(
  dialect: Dialect,
  number: number,
  type: number,
  name: string,
  codecId: string,
  coding: readonly Buffer[],
): Buffer {
  const content = [
    element('D7', 1, Buffer.of(number)),
    element('73C5', 1, uint64(number)),
    element('83', 1, Buffer.of(type)),
    element('536E', 1, name),
    element('86', dialect.codecIdWidth, codecId),
    ...coding,
  ]
  return element('AE', 4, Buffer.concat(content))
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

/** A Cluster of unknown size up to its first block: 18 bytes. */
export function clusterStart(timecode: number): Buffer {
  return Buffer.concat([hex('1F43B675 FF'), element('E7', 1, uint64(timecode)), hex('A7 8100')])
}

/** A SimpleBlock: 13 bytes and the frame. */
export function simpleBlock(track: number, relativeMs: number, key: boolean, frame: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head[0] = 0x80 | track
  head.writeInt16BE(relativeMs, 1)
  head[3] = key ? 0x80 : 0
  return element('A3', 8, Buffer.concat([head, frame]))
}

/** Tags with one Tag per name and value, all sizes `width` bytes. */
export function tags(width: 2 | 8, entries: readonly (readonly [name: string, value: string])[]): Buffer {
  const content = entries.map(([name, value]) => {
    const simpleTag = Buffer.concat([element('45A3', width, name), element('4487', width, value)])
    return element('7373', width, element('67C8', width, simpleTag))
  })
  return element('1254C367', width, Buffer.concat(content))
}

export const endOfFragment: readonly [string, string] = ['AWS_KINESISVIDEO_END_OF_FRAGMENT', '']
