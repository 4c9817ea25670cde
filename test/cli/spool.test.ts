/** Media that outlives an outage, the end of the program, and its death. */

import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { startEndpoint } from '../drive/endpoint.ts'
import { temporaryFolder } from '../drive/folder.ts'
import { endOf, type JsonLine, jsonLines, runKvs, startKvs } from '../drive/kvs.ts'
import { samples } from '../drive/source.ts'
import { storedClusters } from '../drive/stored.ts'

const nowhere = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_REGION: 'us-west-2',
  CONTROL_PLANE_URI: 'https://localhost:9',
}

type Count = Readonly<{ fragments: number; frames: number; bytes: number }>

const count = (end: JsonLine, name: string) => end[name] as Count

async function spooledFiles(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true })
  return names.filter((name) => name.endsWith('.spool'))
}

/** Frames that the endpoint has stored, without packets of silence. */
async function framesStored(endpoint: Awaited<ReturnType<typeof startEndpoint>>, stream: string): Promise<number> {
  const clusters = await storedClusters(await endpoint.media(stream))
  return clusters.reduce((sum, { frames }) => sum + frames.length, 0)
}

async function options(t: TestContext): Promise<{ spool: string; args: readonly string[] }> {
  const spool = join(await temporaryFolder(t), 'spool')
  return { spool, args: ['-n', 'kept', '-d', samples, '--spool', spool, '--json'] }
}

describe('the spool', { concurrency: 2 }, () => {
  test('a run without a network keeps everything, and the next one sends it first', async (t) => {
    const { spool, args } = await options(t)
    const first = await runKvs(t, [...args, '-D', '4', '--stop-timeout', '0'], { env: nowhere })
    assert.equal(first.status, 75, first.stderr)
    const kept = endOf(jsonLines(first.stdout))
    assert.equal(count(kept, 'spooled').frames + Number(kept['framesDiscarded']), kept['framesPut'])
    assert.equal(kept['framesLost'], 0)
    assert.equal((await spooledFiles(spool)).length, 1)

    const endpoint = await startEndpoint(t)
    const second = await runKvs(t, [...args, '-D', '3'], { env: endpoint.env })
    assert.equal(second.status, 0, second.stderr)
    const sent = endOf(jsonLines(second.stdout))
    assert.deepEqual(count(sent, 'recovered'), count(kept, 'spooled'))
    const all = count(kept, 'spooled').frames + Number(sent['framesPut'])
    assert.equal(sent['framesPersisted'], all)
    assert.equal(await framesStored(endpoint, 'kept'), all)
    const times = (await endpoint.media('kept')).fragments().map(({ producerMs }) => producerMs)
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
      'oldest first',
    )
    assert.deepEqual(await spooledFiles(spool), [], 'what is stored is deleted')
  })

  test('killed with media in the spool: the next run finds it whole', async (t) => {
    const { args } = await options(t)
    const run = startKvs(t, [...args, '-D', '60', '--buffer-duration', '20', '-s', '1024'], { env: nowhere })
    await run.line((line) => line['event'] === 'status' && Number(line['spooledBytes']) > 0)
    run.signal('SIGKILL')
    await run.exited()

    const endpoint = await startEndpoint(t)
    const second = await runKvs(t, [...args, '-D', '2'], { env: endpoint.env })
    assert.equal(second.status, 0, second.stderr)
    const end = endOf(jsonLines(second.stdout))
    assert.ok(count(end, 'recovered').frames > 0)
    const all = count(end, 'recovered').frames + Number(end['framesPut'])
    assert.equal(end['framesPersisted'], all)
    assert.equal(await framesStored(endpoint, 'kept'), all)
  })

  test('one process at a time, and each stream what is its own', async (t) => {
    const { args } = await options(t)
    const run = startKvs(t, [...args, '-D', '60'], { env: nowhere })
    await run.line((line) => line['event'] === 'status')
    const second = await runKvs(t, [...args, '-D', '1'], { env: nowhere })
    assert.equal(second.status, 78, second.stdout)
    const other = await runKvs(t, [...args, '-n', 'other', '-D', '1', '--stop-timeout', '0'], { env: nowhere })
    assert.equal(other.status, 75, other.stdout)
    assert.equal(count(endOf(jsonLines(other.stdout)), 'recovered').frames, 0)
  })

  test('a folder that cannot be written is a setting to be corrected', async (t) => {
    const { status, stdout } = await runKvs(t, ['-d', samples, '--spool', '/proc/nothing', '--json'], { env: nowhere })
    assert.equal(status, 78)
    assert.match(stdout, /"code":"OUTPUT_UNWRITABLE"/)
  })

  test('a spool and a limit of latency contradict each other', async (t) => {
    const { args } = await options(t)
    const { status, stdout } = await runKvs(t, [...args, '--max-latency', '5'], { env: nowhere })
    assert.equal(status, 78)
    assert.match(stdout, /use one of them/)
  })
})
