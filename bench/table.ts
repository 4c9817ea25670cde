/** One table for people. */

export interface Row {
  readonly what: string
  readonly value: string
  /** What is wanted, where something is. */
  readonly aim: string
  /** How the value came about. */
  readonly detail: string
}

export function tableText(rows: readonly Row[]): string {
  const head: Row = { what: '', value: 'measured', aim: 'aim', detail: '' }
  const all = [head, ...rows]
  const width = (of: (row: Row) => string) => Math.max(...all.map((row) => of(row).length))
  const widths = { what: width((row) => row.what), value: width((row) => row.value), aim: width((row) => row.aim) }
  const line = ({ what, value, aim, detail }: Row) =>
    `${what.padEnd(widths.what)}  ${value.padStart(widths.value)}  ${aim.padEnd(widths.aim)}  ${detail}`.trimEnd()
  return `${all.map(line).join('\n')}\n`
}
