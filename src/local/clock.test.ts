import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LocalKvs } from './index.ts'
import { RawClient, signedHead } from './testing/rawClient.ts'
import { withLocalKvs } from './testing/temporaryKvs.ts'

const hourMs = 3_600_000

/** The answer to a call that is signed in the time of this machine. */
async function answer(local: LocalKvs): Promise<string> {
  const client = RawClient.open(local)
  client.write(`${signedHead(local, '/listStreams', [], '{}')}{}`)
  await client.until(() => client.received.includes('}'))
  client.destroy()
  return client.received
}

describe('an endpoint with a clock of its own', () => {
  it('dates its answers and checks signatures by it, wherever it goes', async () => {
    let offsetMs = 3 * hourMs
    await withLocalKvs({ nowMs: () => Date.now() + offsetMs }, async (local) => {
      const refused = await answer(local)
      assert.match(refused, /^HTTP\/1.1 403 .*Signature expired/s)
      const date = /\r\nDate: (.*)\r\n/i.exec(refused)?.[1] ?? ''
      assert.ok(Math.abs(Date.parse(date) - Date.now() - offsetMs) < hourMs / 2, date)
      offsetMs = 0
      assert.match(await answer(local), /^HTTP\/1.1 200 /)
    })
  })

  it('issues certificates by it', async () => {
    await withLocalKvs({ nowMs: () => Date.UTC(2100, 0, 1) }, async (local) => {
      await assert.rejects(answer(local), /certificate is not yet valid/)
    })
    await withLocalKvs({ nowMs: () => Date.UTC(2000, 0, 1) }, async (local) => {
      await assert.rejects(answer(local), /certificate has expired/)
    })
  })
})
