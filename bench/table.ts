/** Tables for people. */

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
  return columnsText(
    [head, ...rows].map(({ what, value, aim, detail }) => [what, value, aim, detail]),
    [1],
  )
}

/** Lines of cells under each other, those of the columns named in `right` on its right side. */
export function columnsText(lines: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  const text = lines.map((cells) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return right.includes(column) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
  return `${text.join('\n')}\n`
}
