/** What a reader tells, as lines that a test compares. */

import { must, mustBe } from '../../testing/must.ts'
import { hex } from '../../text.ts'
import type { ReaderEvents } from '../events.ts'
import { MatroskaReader } from '../reader.ts'
import type { ReadTrack } from '../values.ts'

/** A reader whose events come as lines; data pieces are joined, as their borders follow the pushes. */
export function recording(): { reader: MatroskaReader; lines: string[] } {
  const lines: string[] = []
  let data = ''
  const events: ReaderEvents = {
    ebml: (position) => lines.push(`ebml ${position}`),
    segment: (start, at, bytes, size) => lines.push(`segment ${start} ${at} ${bytes} ${size ?? 'unknown'}`),
    info: (scale) => lines.push(`info ${scale}`),
    tracks: (position) => lines.push(`tracks ${position}`),
    track: (track) => lines.push(`track ${describe(track)}`),
    cluster: (position) => lines.push(`cluster ${position}`),
    timecode: (timecode) => lines.push(`timecode ${timecode}`),
    block: (...fields) => lines.push(`block ${fields.join(' ')}`),
    blockData: (bytes) => {
      must(bytes.length > 0, 'a piece has bytes')
      data += hex(bytes)
    },
    blockEnd: () => {
      lines.push(`data ${data}`)
      data = ''
    },
    tags: (position) => lines.push(`tags ${position}`),
    tag: (name, value, ofTrack) => lines.push(`tag ${name}=${value}${ofTrack ? ' of a track' : ''}`),
    tagsEnd: (position) => lines.push(`tagsEnd ${position}`),
    clusterEnd: (position) => lines.push(`clusterEnd ${position}`),
  }
  return { reader: new MatroskaReader(events), lines }
}

/** The lines for all of `bytes`, pushed in pieces that end at the cuts. */
export function read(bytes: Uint8Array, cuts: readonly number[] = []): string[] {
  const { reader, lines } = recording()
  let from = 0
  for (const cut of [...cuts, bytes.length]) {
    // A copy that is wiped afterwards: whatever is kept must have been copied.
    const piece = bytes.slice(from, cut)
    reader.push(piece)
    piece.fill(0xee)
    from = cut
  }
  mustBe(reader.position, bytes.length, 'the position at the end')
  reader.end()
  return lines
}

function describe(track: ReadTrack): string {
  const { codecPrivate, uid, ...rest } = track
  return JSON.stringify({ ...rest, uid: String(uid), codecPrivate: hex(codecPrivate) })
}
