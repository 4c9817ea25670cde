import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, utf8Bytes } from '../text.ts'
import { testCrypto } from './testCrypto.ts'

const bytesOf = (length: number, value: number) => new Uint8Array(length).fill(value)

test('SHA-256 as NIST publishes it, over one block and two', () => {
  const of = (text: string) => hex(testCrypto.sha256(utf8Bytes(text)))
  assert.equal(of(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  assert.equal(of('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  assert.equal(
    of('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'),
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  )
})

test('HMAC-SHA-256 as RFC 4231 has it, with a key shorter and one longer than a block', () => {
  const of = (key: Uint8Array, text: string) => hex(testCrypto.hmacSha256(key, utf8Bytes(text)))
  assert.equal(of(bytesOf(20, 0x0b), 'Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7')
  assert.equal(
    of(bytesOf(131, 0xaa), 'Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  )
})
