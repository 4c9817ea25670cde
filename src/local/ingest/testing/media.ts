/** Small bodies of PutMedia, byte by byte as producers write them, and as none should. */

/** An element with a size field of `width` bytes. */
export function element(id: number, content: Uint8Array | readonly Uint8Array[], width = 8): Buffer {
  const body = content instanceof Uint8Array ? content : Buffer.concat(content)
  return Buffer.concat([idOf(id), sizeOf(body.length, width), body])
}

export function idOf(id: number): Buffer {
  const hex = id.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

export function sizeOf(bytes: number, width: number): Buffer {
  const field = Buffer.alloc(8)
  field.writeBigUInt64BE(BigInt(bytes) + (1n << BigInt(7 * width)))
  return field.subarray(8 - width)
}

/** An ID with an unknown size, `width` bytes wide. */
export function open(id: number, width = 1): Buffer {
  const field = Buffer.alloc(width, 0xff)
  field[0] = 0xff >> (width - 1)
  return Buffer.concat([idOf(id), field])
}

export function uint(id: number, value: number | bigint): Buffer {
  const content = Buffer.alloc(8)
  content.writeBigUInt64BE(BigInt(value))
  return element(id, content, 1)
}

export function text(id: number, value: string): Buffer {
  return element(id, Buffer.from(value))
}

export interface TrackSpec {
  readonly number: number
  readonly type?: 1 | 2
  readonly defaultDurationNs?: number
}

export const videoAndAudio: readonly TrackSpec[] = [
  { number: 1, type: 1 },
  { number: 2, type: 2 },
]

export function ebmlHeader(): Buffer {
  return element(0x1a45dfa3, text(0x4282, 'matroska'))
}

export function tracksElement(tracks: readonly TrackSpec[]): Buffer {
  return element(
    0x1654ae6b,
    tracks.map(({ number, type = 1, defaultDurationNs }) =>
      element(0xae, [
        uint(0xd7, number),
        uint(0x73c5, number),
        uint(0x83, type),
        text(0x86, type === 1 ? 'V_MPEG4/ISO/AVC' : 'A_AAC'),
        ...(defaultDurationNs === undefined ? [] : [uint(0x23e383, defaultDurationNs)]),
      ]),
    ),
  )
}

export interface HeaderSpec {
  readonly tracks?: readonly TrackSpec[]
  readonly scaleNs?: number
  readonly segment?: Uint8Array
}

export function header({ tracks = videoAndAudio, scaleNs = 1_000_000, segment = open(0x18538067) }: HeaderSpec = {}) {
  return Buffer.concat([
    ebmlHeader(),
    segment,
    element(0x1549a966, [uint(0x2ad7b1, scaleNs), text(0x4d80, 'test')]),
    tracksElement(tracks),
  ])
}

export function block(track: number, relative: number, data: Uint8Array = Buffer.from('frame'), flags = 0x80): Buffer {
  const head = Buffer.from([0x80 | track, 0, 0, flags])
  head.writeInt16BE(relative, 1)
  return element(0xa3, [head, data])
}

/** A cluster of unknown size with these blocks. */
export function cluster(timecode: number | bigint, blocks: readonly Uint8Array[]): Buffer {
  return Buffer.concat([open(0x1f43b675), uint(0xe7, timecode), uint(0xa7, 0), ...blocks])
}

/** A cluster of known size. */
export function sizedCluster(timecode: number, blocks: readonly Uint8Array[]): Buffer {
  return element(0x1f43b675, [uint(0xe7, timecode), ...blocks])
}

/** A cluster of 2 s: video every 500 ms and audio in between. */
export function fullCluster(timecode: number, payload: Uint8Array = Buffer.from('frame')): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at < 2000; at += 500) blocks.push(block(1, at, payload), block(2, at + 1, payload))
  return cluster(timecode, blocks)
}

/** Tags of everything, or of one track. */
export function tags(pairs: Readonly<Record<string, string>>, trackUid = 0): Buffer {
  const simple = Object.entries(pairs).map(([name, value]) =>
    element(0x67c8, [text(0x45a3, name), text(0x4487, value)]),
  )
  const targets = trackUid === 0 ? [] : [element(0x63c0, uint(0x63c5, trackUid))]
  return element(0x1254c367, element(0x7373, [...targets, ...simple]))
}

export const endOfFragment = tags({ AWS_KINESISVIDEO_END_OF_FRAGMENT: '' })
