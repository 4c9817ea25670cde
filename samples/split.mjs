/**
 * Splits an elementary stream into numbered files, one access unit each:
 * node split.mjs h264|adts FILE PREFIX COUNT [SKIP]
 * h264: Annex B, one slice per picture; parameter sets and SEI stay with the picture that follows them (ITU-T H.264
 * 7.4.1.2.3). adts: AAC, from which the ADTS headers are taken off (ISO/IEC 13818-7 6.2).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const [format, file, prefix, count, skip = '0'] = process.argv.slice(2)
const splitters = { h264: accessUnits, adts: rawPackets }
const wanted = Number(count)
const found = splitters[format](readFileSync(file)).slice(Number(skip), Number(skip) + wanted)
if (found.length !== wanted) throw new Error(`${file} holds only ${found.length} of ${wanted} units`)

mkdirSync(dirname(prefix), { recursive: true })
for (const [index, unit] of found.entries()) {
  const number = String(index + 1).padStart(3, '0')
  writeFileSync(`${prefix}${number}.${format === 'h264' ? 'h264' : 'aac'}`, unit)
}

function accessUnits(bytes) {
  const units = []
  let unitStart = 0
  let pictureSeen = false
  for (let at = nalUnitAt(bytes, 0); at >= 0; at = nalUnitAt(bytes, at)) {
    const startCode = at >= 4 && bytes[at - 4] === 0 ? at - 4 : at - 3
    if (pictureSeen) {
      units.push(bytes.subarray(unitStart, startCode))
      unitStart = startCode
    }
    const type = bytes[at] & 31
    pictureSeen = type >= 1 && type <= 5
  }
  units.push(bytes.subarray(unitStart))
  return units
}

/** Where the next NAL unit after `from` begins, behind its start code; -1 where there is none. */
function nalUnitAt(bytes, from) {
  const at = bytes.indexOf('\u0000\u0000\u0001', from, 'latin1')
  return at < 0 ? -1 : at + 3
}

function rawPackets(bytes) {
  const packets = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== 0xff || (bytes[at + 1] & 0xf6) !== 0xf0) throw new Error(`no ADTS header at byte ${at}`)
    const headerBytes = bytes[at + 1] & 1 ? 7 : 9
    const frameBytes = ((bytes[at + 3] & 3) << 11) | (bytes[at + 4] << 3) | (bytes[at + 5] >> 5)
    packets.push(bytes.subarray(at + headerBytes, at + frameBytes))
    at += frameBytes
  }
  return packets
}
