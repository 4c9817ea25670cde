/** Command lines from one declarative table: parsing, help, environment names and completions all read it. */

import { KvsError } from '../core/errors.ts'

/** One option of a command. */
export interface Option {
  /** Long name without the dashes. */
  readonly name: string
  readonly short?: string
  /** What its value is called in the help; absent: a flag without a value. */
  readonly value?: string
  readonly kind?: 'text' | 'number' | 'integer' | 'pair'
  /** Smallest and largest value of a number, inclusive. */
  readonly min?: number
  readonly max?: number
  readonly choices?: readonly string[]
  /** As it would be typed. */
  readonly default?: string
  /** Environment variables that stand in for it, the first that is set counts. */
  readonly env?: readonly string[]
  readonly help: string
}

/** What a command line came to. */
export class Options {
  readonly #values = new Map<string, string[]>()
  readonly #origins = new Map<string, string>()
  /** Arguments that are no options. */
  readonly operands: string[] = []

  set(option: Option, value: string, origin: string): void {
    check(option, value, origin)
    const known = this.#values.get(option.name)
    if (option.kind === 'pair' && known !== undefined) known.push(value)
    else this.#values.set(option.name, [value])
    this.#origins.set(option.name, origin)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  flag(name: string): boolean {
    const value = this.text(name)?.toLowerCase()
    return value !== undefined && value !== 'false' && value !== '0'
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0]
  }

  number(name: string): number | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : Number(text)
  }

  /** All `key=value` given, the last one of a key counts. */
  pairs(name: string): Record<string, string> {
    const pairs: Record<string, string> = {}
    for (const text of this.#values.get(name) ?? []) {
      const at = text.indexOf('=')
      pairs[text.slice(0, at)] = text.slice(at + 1)
    }
    return pairs
  }

  /** Where the value is from: "--region", "AWS_REGION" or "default". */
  origin(name: string): string {
    return this.#origins.get(name) ?? 'default'
  }
}

/**
 * Reads a command line: the flag wins over the environment, the environment over the default.
 *
 * @throws KvsError USAGE naming the option and what it takes
 */
export function parseOptions(
  table: readonly Option[],
  args: readonly string[],
  env: (name: string) => string | undefined,
): Options {
  const options = new Options()
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (arg === '--') {
      options.operands.push(...args.slice(at + 1))
      break
    }
    if (arg === '-' || !arg.startsWith('-')) {
      options.operands.push(arg)
      continue
    }
    const { option, label, attached } = find(table, arg)
    if (option.value === undefined) {
      if (attached !== undefined) throw usage(`${label} takes no value`)
      options.set(option, 'true', label)
      continue
    }
    const value = attached ?? args[++at]
    if (value === undefined) throw usage(`${label} needs a value: ${option.value}`)
    options.set(option, value, label)
  }
  // After the flags: what they replace is not even looked at.
  for (const option of table) if (!options.has(option.name)) applyDefaults(options, option, env)
  return options
}

function applyDefaults(options: Options, option: Option, env: (name: string) => string | undefined): void {
  for (const name of option.env ?? []) {
    const value = env(name)
    if (value === undefined) continue
    options.set(option, value, name)
    return
  }
  if (option.default !== undefined) options.set(option, option.default, 'default')
}

interface Found {
  readonly option: Option
  readonly label: string
  readonly attached: string | undefined
}

function find(table: readonly Option[], arg: string): Found {
  if (arg.startsWith('--')) {
    const equals = arg.indexOf('=')
    const label = equals < 0 ? arg : arg.slice(0, equals)
    const option = table.find((each) => each.name === label.slice(2))
    if (option === undefined) throw unknown(table, label)
    return { option, label, attached: equals < 0 ? undefined : arg.slice(equals + 1) }
  }
  const label = arg.slice(0, 2)
  const option = table.find((each) => each.short === label.slice(1))
  if (option === undefined) throw unknown(table, label)
  return { option, label, attached: arg.length > 2 ? arg.slice(2) : undefined }
}

function unknown(table: readonly Option[], label: string): KvsError {
  const wanted = label.slice(2)
  let near: string | undefined
  let least = 3
  for (const { name } of wanted === '' ? [] : table) {
    const letters = distance(name, wanted)
    if (letters < least) near = name
    least = Math.min(least, letters)
  }
  const cause = near === undefined ? 'it is misspelt, or belongs to another command' : `did you mean --${near}?`
  return new KvsError('USAGE', `${label} is no option here`, { cause })
}

function check(option: Option, value: string, origin: string): void {
  const label = origin === 'default' ? `--${option.name}` : origin
  const { kind, choices, min, max } = option
  if (choices !== undefined && !choices.includes(value)) {
    throw usage(`${label} is one of ${choices.join(', ')}, and not "${value}"`)
  }
  if (kind === 'pair' && value.indexOf('=') < 1) throw usage(`${label} takes key=value, and not "${value}"`)
  if (kind !== 'number' && kind !== 'integer') return
  const number = decimal(value)
  if (number === undefined || (kind === 'integer' && !Number.isInteger(number))) {
    throw usage(`${label} takes a ${kind === 'integer' ? 'whole ' : ''}number, and not "${value}"`)
  }
  if (min !== undefined && number < min) throw usage(`${label} must be ${min} or more, and not ${value}`)
  if (max !== undefined && number > max) throw usage(`${label} must be ${max} or less, and not ${value}`)
}

/** A plain decimal number, undefined for anything else that Number() would take. */
function decimal(text: string): number | undefined {
  const body = text.startsWith('-') ? text.slice(1) : text
  if (body === '' || body === '.') return undefined
  for (const char of body) if ((char < '0' || char > '9') && char !== '.') return undefined
  const number = Number(text)
  return Number.isFinite(number) ? number : undefined
}

/** How many letters two words differ by (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function usage(message: string): KvsError {
  return new KvsError('USAGE', message, { cause: 'the value is missing, misspelt or out of range' })
}
