/** Credentials that are good for seconds only: sessions follow each other without a gap, and nothing is sent twice. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { LocalKvs, LocalKvsEvent, LocalKvsOptions } from '../../src/local/index.ts'
import type { TestEndpoint } from '../drive/endpoint.ts'
import { assertComplete, streamThrough } from '../drive/faulty.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { command } from '../drive/kvs.ts'
import { frameFiles, linkTracks, samples, writeFrames } from '../drive/source.ts'

const seconds = 20
/** A session is due for its successor a fifth of it before its end, and its next key frame comes within a second. */
const tokenLifeMs = 9000

interface Rotation {
  /** How `kvs` finds credentials; besides that it has no keys. */
  readonly env: (local: LocalKvs) => Readonly<Record<string, string>>
  /** Default: pictures with a key frame every second. */
  readonly directory?: string
  readonly endpoint?: Partial<LocalKvsOptions>
  readonly before?: (endpoint: TestEndpoint) => Promise<void>
}

/** Programs begin one after the other: on a busy machine all at once take longer than a metadata service is waited for. */
let begun: Promise<void> = Promise.resolve()

/** Its turn to begin; what to call when that is done. */
async function turn(): Promise<() => void> {
  const before = begun
  let done: () => void = () => undefined
  begun = new Promise((resolve) => {
    done = resolve
  })
  await before
  return done
}

/** Streams; all must have arrived, and once, over sessions with keys of their own. */
async function rotate(t: TestContext, { env, endpoint = {}, ...more }: Rotation): Promise<readonly LocalKvsEvent[]> {
  const options = { tokenLifeMs, limits: 'on' as const, ...endpoint }
  const directory = more.directory ?? (await keyFramesEverySecond(t))
  const next = await turn()
  const before = async (started: TestEndpoint) => {
    await more.before?.(started)
    started.local.on('event', (event) => event.type === 'opened' && next())
  }
  const settings = { faults: [], mayMiss: true, seconds, endpoint: options, env, directory, before }
  const run = await streamThrough(t, settings).finally(next)
  assertComplete(run)
  const { events, local } = run.endpoint
  const opened = events.filter((event) => event.type === 'opened')
  const keys = new Set(opened.map((event) => event.accessKeyId))
  assert.ok(opened.length >= 3, `${opened.length} sessions`)
  assert.ok(keys.size >= 3 && !keys.has(local.credentials.accessKeyId), 'the keys were not changed')
  const timecodes = (await run.endpoint.media('faulty')).fragments().map((fragment) => fragment.timecode)
  assert.equal(new Set(timecodes).size, timecodes.length, 'a fragment is stored twice')
  return events
}

/** The service ended none of them: all were handed over in time. */
function assertNoneEnded(events: readonly LocalKvsEvent[]): void {
  const ended = events.filter((event) => event.type === 'ack' && event.ack.type === 'ERROR')
  assert.deepEqual(ended, [])
}

async function keyFramesEverySecond(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t)
  await writeFrames(folder, 'h264', (await frameFiles(samples, 'h264')).slice(0, 25))
  await linkTracks(samples, folder, ['aac'])
  return folder
}

function iot({ iot: access }: LocalKvs): Readonly<Record<string, string>> {
  assert.ok(access)
  return {
    AWS_IOT_CORE_CREDENTIAL_ENDPOINT: access.endpoint,
    AWS_IOT_CORE_CERT: access.certificateFile,
    AWS_IOT_CORE_PRIVATE_KEY: access.keyFile,
    AWS_IOT_CORE_ROLE_ALIAS: access.roleAlias,
    AWS_IOT_CORE_THING_NAME: 'camera-7',
  }
}

/** Containers and instances run Node.js. */
const onNode = command()[0].endsWith('node')

describe('tokens that live for seconds', { concurrency: 8 }, () => {
  // First: a metadata service is not waited for long, and the machine is least busy now.
  if (onNode) {
    test('on an instance', async (t) => {
      const env = ({ imdsUrl }: LocalKvs) => ({
        AWS_EC2_METADATA_SERVICE_ENDPOINT: imdsUrl,
        AWS_EC2_METADATA_DISABLED: 'false',
      })
      assertNoneEnded(await rotate(t, { env }))
    })

    test('in a container', async (t) => {
      const env = ({ container }: LocalKvs) => ({
        AWS_CONTAINER_CREDENTIALS_FULL_URI: container.url,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: container.authorizationToken,
      })
      assertNoneEnded(await rotate(t, { env }))
    })
  }

  test('over AWS IoT', async (t) => assertNoneEnded(await rotate(t, { env: iot })))

  test('over AWS IoT, where the service takes one connection at a time', async (t) =>
    assertNoneEnded(await rotate(t, { env: iot, endpoint: { concurrentPutMedia: 1 } })))

  test('over AWS IoT, where they end before the next key frame comes', async (t) => {
    await rotate(t, { env: iot, directory: samples, endpoint: { tokenLifeMs: 5000 } })
  })

  test('from a file that is written anew', async (t) => {
    const file = join(await temporaryFolder(t), 'credentials')
    const write = async (local: LocalKvs) => {
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = local.temporaryCredentials()
      const until = `${expiration.toISOString().slice(0, 19)}Z`
      await writeFile(file, `CREDENTIALS ${accessKeyId} ${until} ${secretAccessKey} ${sessionToken}\n`)
    }
    let writing: NodeJS.Timeout | undefined
    t.after(() => clearInterval(writing))
    const before = async ({ local }: TestEndpoint) => {
      await write(local)
      writing = setInterval(() => void write(local), tokenLifeMs / 3)
    }
    assertNoneEnded(await rotate(t, { env: () => ({ AWS_CREDENTIAL_PATH: file }), before }))
  })
})
