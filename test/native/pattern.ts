/** Bytes that both sides of a connection can make. */

/** A prime, so that bytes that are lost or come twice show. */
const period = 1021

/** Parts of the given sizes, different for every write and part. */
export function pattern(write: number, sizes: readonly number[]): Uint8Array[] {
  return sizes.map((size, part) => {
    const bytes = new Uint8Array(size)
    for (let i = 0; i < Math.min(size, period); i++) bytes[i] = i * 7 + (i >> 8) + write * 31 + part
    for (let filled = period; filled < size; filled *= 2) bytes.copyWithin(filled, 0, filled)
    return bytes
  })
}

/** Writes with sizes around that of a TLS record, and lists with small and empty parts or none. */
export const around: readonly (readonly number[])[] = [
  [1],
  [6, 16_384, 2],
  [6, 16_376, 2],
  [6, 16_377, 0, 2],
  [16_385],
  [0, 0],
  [],
  [0, 100, 0, 200, 0],
  [6, 10_000, 10_000, 2],
  [1_048_576, 3],
  [5, 8_000_000, 8_000_000],
]
