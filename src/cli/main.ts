/** The command line: finds the command, reads its options, runs it, and turns whatever happens into an exit status. */

import { asKvsError } from '../core/errors.ts'
import { versionText } from '../core/version.ts'
import type { Command, Host } from './command.ts'
import { errorFields, errorText } from './errorText.ts'
import { helpText } from './help.ts'
import { parseOptions } from './options.ts'

/** @param commands the first one is what `kvs` does without a command */
export async function main(commands: readonly Command[], host: Host): Promise<number> {
  const { args } = host.process
  const named = commands.find((command) => command.name !== '' && command.name === args[0])
  const command = named ?? commands[0]
  if (command === undefined) return 70
  const rest = named === undefined ? args : args.slice(1)
  if (asks(rest, '-h', '--help')) {
    host.process.stdout(helpText(command, commands))
    return 0
  }
  if (asks(rest, '--version')) {
    host.process.stdout(`${versionText(host.process.runtime, host.process.system)}\n`)
    return 0
  }
  try {
    const options = parseOptions(command.options, rest, (name) => host.process.env(name))
    return await command.run(options, host)
  } catch (thrown) {
    const error = asKvsError(thrown)
    if (asks(rest, '--json')) host.process.stdout(`${JSON.stringify({ event: 'error', ...errorFields(error) })}\n`)
    else host.process.stderr(errorText(error))
    return error.exitStatus
  }
}

/** Whether one of the flags stands among the arguments, before "--". */
function asks(args: readonly string[], ...flags: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.some((arg, index) => flags.includes(arg) && (end < 0 || index < end))
}
