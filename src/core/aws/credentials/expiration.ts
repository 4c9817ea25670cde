import type { WallMs } from '../../frame/time.ts'
import { decimal } from '../../http/token.ts'

/**
 * When credentials expire, as AWS writes it: `2026-01-31T09:18:06Z`, with or without a fraction of a second, which is left
 * out. Undefined for anything else: engines differ in what they take for a time beside that.
 */
export function parseExpiration(text: string): WallMs | undefined {
  const seconds = text.slice(0, 19)
  const rest = text.slice(19)
  if (rest !== 'Z' && !(rest.startsWith('.') && rest.endsWith('Z') && decimal(rest.slice(1, -1)) >= 0)) return undefined
  const number = (from: number, to: number) => decimal(seconds.slice(from, to))
  const ms = Date.UTC(number(0, 4), number(5, 7) - 1, number(8, 10), number(11, 13), number(14, 16), number(17, 19))
  // What is out of range has become another time, and what separates the numbers must be right as well.
  return new Date(ms).toISOString().slice(0, 19) === seconds ? ms : undefined
}
