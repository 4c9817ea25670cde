#!/usr/bin/env node
/** `kvs` on Node.js. */

import type { Host } from '../cli/command.ts'
import { streamCommand } from '../cli/commands/stream.ts'
import { main } from '../cli/main.ts'
import { readTrust } from '../core/host/trust.ts'
import { demoCommand } from './commands/demo.ts'
import { localCommand } from './commands/local.ts'
import { nodeCredentials } from './credentials.ts'
import { files, nodeProcess, surviveLostOutput } from './files.ts'
import { nodePlatform } from './platform.ts'

surviveLostOutput()
const process_ = nodeProcess()
const host: Host = {
  process: process_,
  files,
  platform: (caPath) => nodePlatform({ ca: readTrust(files, caPath), proxy: process_.env }),
  credentials: nodeCredentials(files, process_.env),
}

process.exitCode = await main([streamCommand, demoCommand, localCommand], host)
