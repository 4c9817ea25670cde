/** The table for people: our hosts, the C programs, and what is to be reached. */

import { columnsText } from '../table.ts'
import { isWithin, type Row } from './rows.ts'

export function tableText(rows: readonly Row[]): string {
  const head = ['', 'device', 'Node.js', 'original', 'embedded-C', '', 'bar', 'aim', '']
  const lines = rows.map((row) => [
    row.what,
    valueText(row.device, row.unit),
    valueText(row.node, row.unit),
    valueText(row.original, row.unit),
    valueText(row.embeddedC, row.unit),
    row.unit,
    limitText(row, row.bar),
    limitText(row, row.aim),
    row.detail,
  ])
  return columnsText([head, ...lines], [1, 2, 3, 4])
}

function valueText(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return '–'
  const digits = unit === 's' ? 2 : unit === 'M' || unit === 'ms' || unit === 'KiB/min' ? 1 : 0
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

/** A limit, and whether the device is within it. */
function limitText(row: Row, limit: number | undefined): string {
  if (limit === undefined) return ''
  const within = isWithin(row, limit)
  return `≤ ${limit.toLocaleString('en-US')}${within === null ? '' : within ? ' ✔' : ' ✘'}`
}
