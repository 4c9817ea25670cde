/** Files numbered without gaps, such as `frame-001.h264` to `frame-403.h264`: kept as a pattern, not as a list. */

import { KvsError } from '../errors.ts'
import type { FileEntry } from '../platform.ts'

export interface NumberedFiles {
  readonly count: number
  /** Path of file `index`, 0 to `count - 1`. */
  path(index: number): string
}

/**
 * Finds the files `prefix` digits `suffix` among `entries`.
 *
 * @returns null where there are none
 * @throws KvsError INPUT_GAP where a number is missing or occurs twice, INPUT_UNREADABLE where one is a pipe or a link
 *         that leads nowhere
 */
export function numberedFiles(
  directory: string,
  prefix: string,
  suffix: string,
  entries: readonly FileEntry[],
): NumberedFiles | null {
  const digits: string[] = []
  for (const { name, type } of entries) {
    const part = name.slice(prefix.length, name.length - suffix.length)
    if (type === 'directory' || name !== prefix + part + suffix || !isDigits(part)) continue
    if (type === 'other') throw new KvsError('INPUT_UNREADABLE', `${directory}/${name} is no file`)
    digits.push(part)
  }
  // Numbers are sorted by the host: a small engine takes long to compare a thousand texts by what they say.
  const numbers = Float64Array.from(digits, Number).sort()
  const start = numbers[0]
  if (start === undefined) return null
  const width = Math.min(...digits.filter((part) => Number(part) === start).map((part) => part.length))
  const name = (number: number) => prefix + String(number).padStart(width, '0') + suffix
  for (const [index, number] of numbers.entries()) {
    if (number === start + index) continue
    throw number === numbers[index - 1]
      ? new KvsError('INPUT_GAP', `${directory}: number ${number} occurs twice`, {
          cause: 'files are padded with zeros in different ways',
        })
      : missing(directory, name(start + index), name(number))
  }
  for (const part of digits) {
    const expected = name(Number(part))
    if (expected !== prefix + part + suffix) throw missing(directory, expected, prefix + part + suffix)
  }
  return { count: numbers.length, path: (index) => `${directory}/${name(start + index)}` }
}

function missing(directory: string, name: string, next: string): KvsError {
  return new KvsError('INPUT_GAP', `${directory}: ${name} is missing (next is ${next})`)
}

function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > 15) return false
  for (const char of text) if (char < '0' || char > '9') return false
  return true
}
