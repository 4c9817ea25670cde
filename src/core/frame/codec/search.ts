import type { Search } from '../../platform.ts'

/** The search for start codes that any engine can do: its own search for one byte, the third of the three. */
export const portableSearch: Search = {
  startCode(bytes: Uint8Array, from: number): number {
    let one = bytes.indexOf(1, from + 2)
    while (one >= 0 && (bytes[one - 1] !== 0 || bytes[one - 2] !== 0)) one = bytes.indexOf(1, one + 1)
    return one < 0 ? -1 : one - 2
  },
}
