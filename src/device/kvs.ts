/** `kvs` on the device. */

import type { Host } from '../cli/command.ts'
import { streamCommand } from '../cli/commands/stream.ts'
import { main } from '../cli/main.ts'
import { readTrust } from '../core/host/trust.ts'
import { files } from './files.ts'
import { devicePlatform } from './platform.ts'
import { process } from './process.ts'

const host: Host = {
  process,
  files,
  platform: (caPath) => devicePlatform(readTrust(files, caPath)),
}

void main([streamCommand], host).then((status) => native.exit(status))
