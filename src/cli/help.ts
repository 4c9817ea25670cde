/** The help text, made from the tables. */

import type { Command } from './command.ts'
import type { Option } from './options.ts'

const columns = 80

/** Help for one command; `commands` are listed where it is the unnamed one. */
export function helpText(command: Command, commands: readonly Command[]): string {
  const lines = [`Usage: kvs ${command.name}${command.name === '' ? '' : ' '}${command.usage}`, '', command.summary, '']
  const others = commands.filter((other) => other.name !== '')
  if (command.name === '' && others.length > 0) {
    lines.push('Commands:')
    for (const other of others) lines.push(...entry(`kvs ${other.name}`, other.summary))
    lines.push('')
  }
  lines.push('Options:')
  for (const option of command.options) lines.push(...entry(left(option), right(option)))
  if (command.notes.length > 0) lines.push('', ...command.notes)
  return `${lines.join('\n')}\n`
}

function left(option: Option): string {
  const short = option.short === undefined ? '    ' : `-${option.short}, `
  return `${short}--${option.name}${option.value === undefined ? '' : ` ${option.value}`}`
}

function right(option: Option): string {
  const parts = [option.help]
  if (option.choices !== undefined) parts.push(`one of ${option.choices.join(', ')}`)
  if (option.default !== undefined) parts.push(`default ${option.default}`)
  const text = parts.join('; ')
  return option.env === undefined ? text : `${text} [${option.env.join(', ')}]`
}

/** Two columns, the right one wrapped. */
function entry(label: string, text: string): string[] {
  const indent = 28
  const lines: string[] = []
  let line = `  ${label}`.padEnd(indent)
  if (line.length > indent) {
    lines.push(line)
    line = ' '.repeat(indent)
  }
  let empty = true
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = ' '.repeat(indent)
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  lines.push(line)
  return lines
}
