/** How `kvs demo` is called. */

import type { CommandSyntax } from '../command.ts'
import type { Option } from '../options.ts'

const options: readonly Option[] = [
  { name: 'directory', short: 'd', value: 'DIR', help: 'frames to stream; default: those that come with this program' },
  {
    name: 'duration',
    short: 'D',
    value: 'SECONDS',
    kind: 'number',
    min: 1,
    max: 86_400,
    default: '12',
    help: 'how much to stream',
  },
  {
    name: 'output',
    short: 'o',
    value: 'DIR',
    default: 'kvs-demo',
    help: "folder for the endpoint's files and for the recording",
  },
  { name: 'help', short: 'h', help: 'show this and exit' },
]

export const demoSyntax: CommandSyntax = {
  name: 'demo',
  summary: 'Streams for a few seconds to an endpoint on this machine and shows what was stored.',
  usage: '[-D SECONDS] [-d DIR] [-o DIR]',
  options,
  notes: [],
}
