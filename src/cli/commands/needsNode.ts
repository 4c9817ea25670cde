import { KvsError } from '../../core/errors.ts'
import type { Command, CommandSyntax } from '../command.ts'

/** A command on a host that cannot run it: listed and explained like the others, and says where it runs. */
export function needsNode(syntax: CommandSyntax): Command {
  return { ...syntax, run: () => Promise.reject(refusal(syntax.name)) }
}

function refusal(name: string): KvsError {
  return new KvsError('USAGE', `the command ${name} needs Node.js`, {
    cause: 'this is the executable for cameras, which has the producer alone',
    // Not npx kvs-producer: that works neither in a clone nor before the package is installed.
    cure: `on a computer with Node.js, in a clone of kvs-producer or with the package installed: npx kvs ${name}`,
  })
}
