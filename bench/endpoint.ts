/**
 * The local endpoint in a process of its own, with its limits off, on a directory that goes when it ends. Tells of the
 * first media and of the first fragment confirmed in the session begun last.
 */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answer, cpuSeconds } from './children.ts'
import type { Target } from './producerRun.ts'
import { loadLocal } from './product.ts'

export interface EndpointReady extends Target {
  /** Path of the authority's certificate. */
  readonly caFile: string
}

export interface EndpointReport {
  readonly cpuSeconds: number
  /** Epoch milliseconds at which the head of the first fragment of the last session was read; 0: not yet. */
  readonly firstMediaMs: number
  /** Epoch milliseconds at which its first PERSISTED went out; 0: not yet. */
  readonly firstPersistedMs: number
}

const { LocalKvs } = await loadLocal()
const directory = await mkdtemp(join(tmpdir(), 'kvs-bench-'))
const local = await LocalKvs.start({ directory, limits: 'off' })
let firstMediaMs = 0
let firstPersistedMs = 0

local.on('event', (event) => {
  if (event.type === 'opened') {
    firstMediaMs = 0
    firstPersistedMs = 0
  } else if (event.type === 'ack') {
    if (event.ack.type === 'BUFFERING') firstMediaMs ||= Date.now()
    if (event.ack.type === 'PERSISTED') firstPersistedMs ||= Date.now()
  }
})

const { url, credentials } = local
const caFile = local.caFile ?? ''
const ca = await readFile(caFile, 'utf8')
process.send?.({ url, credentials, ca, caFile } satisfies EndpointReady)
answer(
  (): EndpointReport => ({ cpuSeconds: cpuSeconds(), firstMediaMs, firstPersistedMs }),
  async () => {
    await local.stop()
    await rm(directory, { recursive: true, force: true })
  },
)
