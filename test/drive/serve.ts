/** A local endpoint as a program of its own, so that it can be killed: node --import tsx serve.ts DIRECTORY PORT */

import { LocalKvs } from '../../src/local/index.ts'

const [directory = '', port = '0'] = process.argv.slice(2)
const local = await LocalKvs.start({ directory, port: Number(port), limits: 'off' })
const { url, caFile, credentials, region } = local
process.stdout.write(`${JSON.stringify({ url, port: local.port, caFile, credentials, region })}\n`)
process.once('SIGTERM', () => void local.stop())
