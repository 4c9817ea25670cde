import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { endOfFragment, fullCluster, header, tracksElement, videoAndAudio } from '../ingest/testing/media.ts'
import { BodyPlace } from './bodyPlace.ts'
import type { Place } from './fault.ts'

const head = header()
const payload = Buffer.alloc(100, 0x11)
const clusters = [1, 2, 3].map((n) => fullCluster(n * 3000, payload))
const body = Buffer.concat([
  head,
  ...clusters.flatMap((cluster, n) => (n === 1 ? [cluster, endOfFragment] : [cluster])),
])

/** Offset of the place in the body, which comes in pieces of so many bytes. */
function offset(place: Place, pieceBytes: number): number | null {
  const finder = new BodyPlace(place)
  for (let at = 0; at < body.length; at += pieceBytes) {
    const found = finder.find(body.subarray(at, at + pieceBytes))
    if (found !== null) return at + found
  }
  return null
}

const secondAt = head.length + (clusters[0]?.length ?? 0)
const endAt = secondAt + (clusters[1]?.length ?? 0)

describe('a place in the body of PutMedia', () => {
  const places: readonly (readonly [Place, number | null])[] = [
    [{ bytes: 0 }, 0],
    [{ bytes: 777 }, 777],
    [{ bytes: 1e9 }, null],
    [{ at: 'header' }, head.length - tracksElement(videoAndAudio).length + 20],
    [{ at: 'end' }, endAt + 20],
    [{ at: 'end', fragment: 3 }, null],
    [{ at: 'border', fragment: 3 }, null],
    [{ at: 'body' }, null],
  ]
  for (const [place, wanted] of places) {
    it(`${JSON.stringify(place)}, however the bytes come`, () => {
      for (const pieceBytes of [1, 7, 100, 1 << 20]) assert.equal(offset(place, pieceBytes), wanted)
    })
  }

  it('between fragments is between them, or as soon after it as the bytes show it', () => {
    assert.equal(offset({ at: 'border', fragment: 1 }, 1 << 20), secondAt)
    assert.equal(offset({ at: 'border', fragment: 2 }, 1 << 20), endAt + endOfFragment.length)
    assert.equal(offset({ at: 'border' }, 1), secondAt + 4)
  })

  it('in a block is inside of the data of the second one', () => {
    const second = body.indexOf(payload, body.indexOf(payload, secondAt) + payload.length)
    for (const pieceBytes of [1, 7, 1 << 20]) {
      const at = offset({ at: 'block', fragment: 2 }, pieceBytes) ?? 0
      assert.ok(at > second && at < second + payload.length, `${at} is not in ${second}`)
    }
  })

  it('is never found in what is no Matroska', () => {
    assert.equal(new BodyPlace({ at: 'header' }).find(Buffer.from('GET / HTTP/1.1')), null)
  })
})
