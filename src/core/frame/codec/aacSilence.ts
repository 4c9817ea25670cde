/**
 * Packets of silence (ISO/IEC 14496-3 section 4.4.2.1, raw_data_block). No band is transmitted (max_sfb 0), so neither
 * scale factors nor a spectrum follow, and a decoder puts out zeros.
 */

type Element = 'single' | 'pair' | 'lfe'

/** The elements of each channel count, in the order of their channel configuration (table 1.19). */
const layouts: readonly (readonly Element[])[] = [
  [],
  ['single'],
  ['pair'],
  ['single', 'pair'],
  ['single', 'pair', 'single'],
  ['single', 'pair', 'pair'],
  ['single', 'pair', 'pair', 'lfe'],
  [],
  ['single', 'pair', 'pair', 'pair', 'lfe'],
]

const elementIds: Record<Element, number> = { single: 0, pair: 1, lfe: 3 }

/** id_syn_ele of the end of a packet. */
const endId = 7

/** A silent AAC-LC packet for 1 to 6 or 8 channels, null for other counts. */
export function silentPacket(channels: number): Uint8Array | null {
  const elements = layouts[channels] ?? []
  if (elements.length === 0) return null
  const bits: number[] = []
  const instances: Record<Element, number> = { single: 0, pair: 0, lfe: 0 }
  for (const element of elements) {
    put(bits, 3, elementIds[element])
    put(bits, 4, instances[element]++)
    // global_gain 8, ics_info 11, pulse, TNS and gain control 1 each, all zero
    if (element !== 'pair') put(bits, 22, 0)
    else {
      // common_window 1; ics_info 11, ms_mask_present 2; global_gain and the three flags of either channel
      put(bits, 1, 1)
      put(bits, 13 + 2 * 11, 0)
    }
  }
  put(bits, 3, endId)
  const packet = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) packet[at >> 3] = (packet[at >> 3] ?? 0) | (bit << (7 - (at & 7)))
  return packet
}

function put(bits: number[], count: number, value: number): void {
  for (let i = count - 1; i >= 0; i--) bits.push(i < 31 ? (value >> i) & 1 : 0)
}
