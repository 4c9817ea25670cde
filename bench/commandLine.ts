/** The options of a benchmark: `--help` shows them, and what is wrong with them is one line. */

import { type ParseArgsConfig, parseArgs } from 'node:util'

interface CommandLine {
  /** As it is typed, e.g. "npm run bench". */
  readonly command: string
  readonly help: string
}

type Options = NonNullable<ParseArgsConfig['options']>

/** Ends the process where help is asked for, or an option is none of `options`. */
export function readOptions<T extends Options>({ command, help }: CommandLine, options: T) {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(help)
    process.exit(0)
  }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    // What follows the first sentence is about programs that take file names.
    const [what = ''] = (error instanceof Error ? error.message : String(error)).split('. ')
    return refuse(`${what}; see ${command} -- --help`)
  }
}

/** A count that an option gives. */
export function countOf(option: string, value: string): number {
  const count = Number(value)
  return Number.isInteger(count) && count > 0
    ? count
    : refuse(`--${option} takes a whole number above 0, and not "${value}"`)
}

function refuse(what: string): never {
  process.stderr.write(`bench: ${what}\n`)
  process.exit(1)
}
