/** How `kvs local` is called. */

import type { CommandSyntax } from '../command.ts'
import type { Option } from '../options.ts'

const options: readonly Option[] = [
  {
    name: 'port',
    value: 'PORT',
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: '8443',
    help: 'where to listen, 0 for any that is free; a default that is taken is replaced by one that is free',
  },
  { name: 'host', value: 'ADDRESS', default: '127.0.0.1', help: 'address to listen on, 0.0.0.0 for all interfaces' },
  { name: 'http', help: 'plain HTTP instead of TLS, on loopback addresses only' },
  {
    name: 'dir',
    value: 'DIR',
    help: 'folder of streams, media and keys; default: kvs-local in the state folder of the user',
  },
  {
    name: 'region',
    value: 'REGION',
    default: 'us-west-2',
    env: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    help: 'region that clients must sign for',
  },
  {
    name: 'limits',
    value: 'on|off',
    choices: ['on', 'off'],
    default: 'on',
    help: 'whether the limits of the service on rates, sizes and durations hold',
  },
  {
    name: 'concurrent',
    value: 'N',
    kind: 'integer',
    min: 1,
    max: 1000,
    default: '2',
    help: 'PutMedia requests that a stream may have at once; the service allows 1',
  },
  {
    name: 'advertise',
    value: 'NAME',
    help: 'host name, with :PORT where it differs, that clients are told to connect to',
  },
  { name: 'faults', value: 'FILE', help: 'what goes wrong, and when: a list in JSON, see docs/local.md' },
  {
    name: 'token-life',
    value: 'SECONDS',
    kind: 'number',
    min: 1,
    max: 86_400,
    default: '3600',
    help: 'how long temporary credentials are good for',
  },
  { name: 'iot', help: 'env: credentials come from the IoT certificate of the folder' },
  { name: 'imds', help: 'env: credentials come from the instance metadata service' },
  { name: 'container', help: 'env: credentials come as in a container' },
  { name: 'help', short: 'h', help: 'show this and exit' },
]

export const localSyntax: CommandSyntax = {
  name: 'local',
  summary: 'Runs an endpoint on this machine; kvs local env prints the settings that lead programs to it.',
  usage: '[env [--iot|--imds|--container]] [--port PORT] [--dir DIR]',
  options,
  notes: [
    'kvs local env:',
    '  Prints what a shell needs to lead its programs to the endpoint that runs in',
    '  the folder: address, region, keys and certificate authority, as exports. In',
    '  another shell, which uses the endpoint from then on:',
    '',
    '  eval "$(kvs local env)"',
    '',
    '  With --iot, --imds or --container the shell gets no keys, but a way to keys',
    '  that expire after --token-life, so that their rotation can be watched.',
  ],
}
