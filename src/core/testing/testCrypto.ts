/** SHA-256 (FIPS 180-4) and its HMAC (RFC 2104) in plain JavaScript: slow, and right on any host. */

import type { Crypto } from '../platform.ts'

const blockBytes = 64
const firstPrimes = primes(blockBytes)
/** The first 32 bits of the fractions of the primes' cube roots, and of the square roots of eight. */
const roundWords = firstPrimes.map((prime) => fraction(Math.cbrt(prime)))
const startWords = firstPrimes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))

export const testCrypto: Crypto = { sha256, hmacSha256 }

function sha256(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil((bytes.length + 9) / blockBytes)
  const padded = new Uint8Array(blocks * blockBytes)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n)
  const state = Int32Array.from(startWords)
  for (let at = 0; at < padded.length; at += blockBytes) mix(state, view, at)
  const hash = new DataView(new ArrayBuffer(32))
  for (const [index, word] of state.entries()) hash.setInt32(4 * index, word)
  return new Uint8Array(hash.buffer)
}

function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(blockBytes)
  padded.set(key.length > blockBytes ? sha256(key) : key)
  const inner = sha256(
    joined(
      padded.map((byte) => byte ^ 0x36),
      bytes,
    ),
  )
  return sha256(
    joined(
      padded.map((byte) => byte ^ 0x5c),
      inner,
    ),
  )
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const out = new Uint8Array(one.length + other.length)
  out.set(one)
  out.set(other, one.length)
  return out
}

/** One block into the state (FIPS 180-4 section 6.2.2). */
function mix(state: Int32Array, view: DataView, at: number): void {
  const words = new Int32Array(blockBytes)
  for (let i = 0; i < blockBytes; i++) words[i] = i < 16 ? view.getInt32(at + 4 * i) : nextWord(words, i)
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let i = 0; i < blockBytes; i++) {
    const choice = (e & f) ^ (~e & g)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const first = (h + rotations(e, 6, 11, 25) + choice + (roundWords[i] ?? 0) + (words[i] ?? 0)) | 0
    const second = (rotations(a, 2, 13, 22) + majority) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index] = (state[index] ?? 0) + word
}

function nextWord(words: Int32Array, i: number): number {
  const early = words[i - 15] ?? 0
  const late = words[i - 2] ?? 0
  const small = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)
  const large = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)
  return (words[i - 16] ?? 0) + small + (words[i - 7] ?? 0) + large
}

function rotations(word: number, one: number, two: number, three: number): number {
  return rotated(word, one) ^ rotated(word, two) ^ rotated(word, three)
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function primes(count: number): readonly number[] {
  const found: number[] = []
  for (let each = 2; found.length < count; each++) if (found.every((prime) => each % prime !== 0)) found.push(each)
  return found
}

function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32)
}
