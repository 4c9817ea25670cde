/** The help text, made from the tables. */

import type { Command } from './command.ts'
import type { Option } from './options.ts'

const columns = 80
/** Where the text beside a name begins. */
const indent = 28

/** Help for one command; `commands` are listed where it is the unnamed one. */
export function helpText(command: Command, commands: readonly Command[]): string {
  const usage = `Usage: kvs ${command.name}${command.name === '' ? '' : ' '}${command.usage}`
  const lines = [usage, '', ...wrapped(command.summary, columns), '']
  const others = commands.filter((other) => other.name !== '')
  if (command.name === '' && others.length > 0) {
    // The executable for cameras shows the same text, and has none of them.
    lines.push('Commands (with Node.js):')
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

/** Two columns with two spaces between them, the right one wrapped; a long name has a line of its own. */
function entry(name: string, text: string): string[] {
  const label = `  ${name}`
  const [first, ...more] = wrapped(text, columns - indent)
  const beside =
    label.length + 2 <= indent ? [`${label.padEnd(indent)}${first}`] : [label, `${' '.repeat(indent)}${first}`]
  return [...beside, ...more.map((line) => `${' '.repeat(indent)}${line}`)]
}

/** Lines of at most `width`; a word that is longer stays whole. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line: string | undefined
  for (const word of text.split(' ')) {
    if (line !== undefined && line.length + 1 + word.length > width) {
      lines.push(line)
      line = undefined
    }
    line = line === undefined ? word : `${line} ${word}`
  }
  return line === undefined ? lines : [...lines, line]
}
