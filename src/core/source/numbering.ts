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
  digits.sort((a, b) => Number(a) - Number(b) || a.length - b.length)
  const first = digits[0]
  if (first === undefined) return null
  const start = Number(first)
  const name = (number: number) => prefix + String(number).padStart(first.length, '0') + suffix
  for (const [index, part] of digits.entries()) {
    if (prefix + part + suffix === name(start + index)) continue
    const twice = index > 0 && Number(part) === Number(digits[index - 1])
    throw twice
      ? new KvsError('INPUT_GAP', `${directory}: number ${Number(part)} occurs twice`, {
          cause: 'files are padded with zeros in different ways',
        })
      : new KvsError('INPUT_GAP', `${directory}: ${name(start + index)} is missing (next is ${prefix}${part}${suffix})`)
  }
  return { count: digits.length, path: (index) => `${directory}/${name(start + index)}` }
}

function isDigits(text: string): boolean {
  if (text.length === 0 || text.length > 15) return false
  for (const char of text) if (char < '0' || char > '9') return false
  return true
}
