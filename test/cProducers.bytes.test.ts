/** The bytes of AWS's C producers, which the tests beside this one send, have the sizes that were seen on the wire. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clusterStart, cSdk, embeddedC, endOfFragment, header, simpleBlock, tags } from './drive/cMatroska.ts'
import { uid } from './drive/cMedia.ts'

describe('the bytes themselves', () => {
  test('headers and elements have the sizes seen on the wire', () => {
    const video = { width: 640, height: 480, avcC: Buffer.alloc(45) }
    const audio = { rateHz: 48_000, channels: 2, config: Buffer.from('1190', 'hex') }
    assert.equal(header(cSdk, uid, video, audio).length, 350)
    assert.equal(header(cSdk, uid, video, null).length, 280)
    assert.equal(header(cSdk, uid, null, audio).length, 232)
    assert.equal(header(embeddedC, uid, video, { ...audio, rateHz: 8000, channels: 1 }).length, 345)
    assert.equal(clusterStart(0x1a201ed4046).toString('hex'), '1f43b675ffe788000001a201ed4046a78100')
    assert.equal(
      simpleBlock(1, 0, true, Buffer.alloc(0x1d25d)).subarray(0, 13).toString('hex'),
      'a3010000000001d26181000080',
    )
    assert.equal(tags(8, [endOfFragment]).length, 84)
    assert.equal(tags(8, [['AWS_KINESISVIDEO_NOTIFICATION', '']]).length, 81)
    const pairs = Array.from({ length: 9 }, (_, n) => [`test_key_${n}`, `test_value_${n}`] as const)
    assert.equal(tags(2, pairs).length, 348)
  })
})
