/** Characters of HTTP's grammar (RFC 9110 section 5.6). */

/** True for the characters of methods and field names. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isTokenCode(text.charCodeAt(i))) return false
  return text.length > 0
}

function isTokenCode(code: number): boolean {
  if (code <= 0x20 || code >= 0x7f) return false
  return !'"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(code))
}

/** True where no control character but the tab occurs. */
export function isFieldValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 9) || code === 0x7f) return false
  }
  return true
}

/** `text` without spaces and tabs at its ends. */
export function trimSpace(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 9
}

/** The number that decimal digits alone make up, or -1. */
export function decimal(text: string): number {
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return text.length > 0 && Number.isSafeInteger(value) ? value : -1
}
