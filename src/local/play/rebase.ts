/** Matroska whose clusters count from zero: players show epoch times as hours of nothing. */

const clusterId = [0x1f, 0x43, 0xb6, 0x75]
const timestampId = 0xe7

/**
 * Takes `originMs` off the cluster timestamp at the start of `bytes`, in place and at its width. Nothing changes where
 * `bytes` does not begin with a cluster whose first element is its timestamp (RFC 9559 section 5.1.3.1 wants it there),
 * or where the timestamp is smaller.
 */
export function rebaseCluster(bytes: Uint8Array, originMs: number): void {
  if (!clusterId.every((byte, index) => bytes[index] === byte)) return
  const sizeWidth = vintWidth(bytes[4])
  let at = 4 + sizeWidth
  if (sizeWidth === 0 || bytes[at] !== timestampId) return
  at++
  const width = (bytes[at] ?? 0x80) & 0x7f
  at++
  if (width < 1 || width > 8 || at + width > bytes.length) return
  let value = 0n
  for (let i = 0; i < width; i++) value = (value << 8n) | BigInt(bytes[at + i] ?? 0)
  value -= BigInt(originMs)
  if (value < 0n) return
  for (let i = width - 1; i >= 0; i--) {
    bytes[at + i] = Number(value & 0xffn)
    value >>= 8n
  }
}

/** Bytes of a size field by its first byte; 0 where that is none. */
function vintWidth(first: number | undefined): number {
  return first ? Math.clz32(first) - 23 : 0
}
