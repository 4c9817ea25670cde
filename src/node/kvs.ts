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
import { storage } from './storage.ts'

surviveLostOutput()
// Which version of Node.js this runs on is not for its users to read about from the AWS SDK.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
const process_ = nodeProcess()
const host: Host = {
  process: process_,
  files,
  storage,
  platform: (caPath) => nodePlatform({ ca: readTrust(files, caPath), proxy: process_.env }),
  credentials: nodeCredentials(files, process_.env),
}

process.exitCode = await main([streamCommand, demoCommand, localCommand], host)
