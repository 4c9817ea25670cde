/** `kvs` on the device. */

import type { Host } from '../cli/command.ts'
import { demoSyntax } from '../cli/commands/demoSyntax.ts'
import { localSyntax } from '../cli/commands/localSyntax.ts'
import { needsNode } from '../cli/commands/needsNode.ts'
import { streamCommand } from '../cli/commands/stream.ts'
import { main } from '../cli/main.ts'
import { readTrust } from '../core/host/trust.ts'
import { files } from './files.ts'
import { devicePlatform } from './platform.ts'
import { process } from './process.ts'
import { storage } from './storage.ts'

const host: Host = {
  process,
  files,
  storage,
  platform: (caPath) => devicePlatform(readTrust(files, caPath), process.env),
}

const commands = [streamCommand, needsNode(demoSyntax), needsNode(localSyntax)]

void main(commands, host).then((status) => native.exit(status))
