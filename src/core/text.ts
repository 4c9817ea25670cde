/** Text to bytes and back without the platform's help: the core has no TextEncoder. */

/** UTF-8 of `text`; a lone surrogate becomes U+FFFD. */
export function utf8Bytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3)
  let at = 0
  for (const char of text) {
    let code = char.codePointAt(0) ?? 0
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd
    if (code < 0x80) {
      out[at++] = code
    } else if (code < 0x800) {
      out[at++] = 0xc0 | (code >> 6)
      out[at++] = 0x80 | (code & 63)
    } else if (code < 0x10000) {
      out[at++] = 0xe0 | (code >> 12)
      out[at++] = 0x80 | ((code >> 6) & 63)
      out[at++] = 0x80 | (code & 63)
    } else {
      out[at++] = 0xf0 | (code >> 18)
      out[at++] = 0x80 | ((code >> 12) & 63)
      out[at++] = 0x80 | ((code >> 6) & 63)
      out[at++] = 0x80 | (code & 63)
    }
  }
  return out.slice(0, at)
}

/** Text of UTF-8 `bytes[from, to)`; what is not UTF-8 becomes U+FFFD, byte by byte. */
export function utf8Text(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let text = ''
  let at = from
  while (at < to) {
    const first = bytes[at] ?? 0
    if (first < 0x80) {
      text += String.fromCharCode(first)
      at++
      continue
    }
    const length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0
    const code = length === 0 || first >= 0xf5 || at + length > to ? -1 : decode(bytes, at, length)
    text += code < 0 ? '\ufffd' : String.fromCodePoint(code)
    at += code < 0 ? 1 : length
  }
  return text
}

function decode(bytes: Uint8Array, at: number, length: number): number {
  const first = bytes[at] ?? 0
  let code = first & (0xff >> (length + 1))
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] ?? 0
    if ((next & 0xc0) !== 0x80) return -1
    code = (code << 6) | (next & 63)
  }
  const shortest = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000
  if (code < shortest || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return -1
  return code
}

const digits = '0123456789abcdef'

/** Lower-case hexadecimal digits of `bytes`. */
export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (digits[byte >> 4] ?? '') + (digits[byte & 15] ?? '')
  return text
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Base64 of `bytes` with padding (RFC 4648 section 4). */
export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second, third] = bytes.subarray(at, at + 3)
    const group = (first << 16) | ((second ?? 0) << 8) | (third ?? 0)
    text += base64Digits.charAt(group >> 18) + base64Digits.charAt((group >> 12) & 63)
    text += second === undefined ? '=' : base64Digits.charAt((group >> 6) & 63)
    text += third === undefined ? '=' : base64Digits.charAt(group & 63)
  }
  return text
}
