import assert from 'node:assert/strict'
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { LocalKvs, type LocalKvsEvent } from './index.ts'
import { findRunning } from './running.ts'
import { call } from './testing/rawClient.ts'
import { inTemporaryFolder, withLocalKvs } from './testing/temporaryKvs.ts'

describe('starting', () => {
  it('says when the port is taken, and leaves nothing behind', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const port = (other.address() as { port: number }).port
    await inTemporaryFolder(async (directory) => {
      await assert.rejects(LocalKvs.start({ directory, port }), /taken/)
      await new Promise((resolve) => other.close(resolve))
      const local = await LocalKvs.start({ directory, port })
      assert.equal(local.port, port)
      await local.stop()
    })
  })

  it('is refused in a folder where another one runs, and tells where that is', async () => {
    await withLocalKvs({ region: 'ap-south-1' }, async (local) => {
      await assert.rejects(LocalKvs.start({ directory: local.directory }), /runs in .* already/)
      const running = await findRunning(local.directory)
      assert.deepEqual(
        { ...running },
        {
          pid: process.pid,
          url: local.url,
          host: '127.0.0.1',
          port: local.port,
          region: 'ap-south-1',
          caFile: local.caFile,
          iotPort: Number(local.iot?.endpoint.split(':')[1]),
          machineUrl: local.imdsUrl,
        },
      )
      await local.stop()
      assert.equal(await findRunning(local.directory), null)
    })
  })

  it('takes a folder over whose endpoint has died', async () => {
    const stale = [
      JSON.stringify({
        pid: 2 ** 22 + 1,
        url: 'https://localhost:1',
        host: '127.0.0.1',
        port: 1,
        region: 'x',
        caFile: null,
      }),
      JSON.stringify({
        pid: process.pid,
        url: 'https://localhost:1',
        host: '127.0.0.1',
        port: 1,
        region: 'x',
        caFile: null,
      }),
      JSON.stringify({ pid: 2 ** 22 + 1 }),
    ]
    for (const content of stale) {
      await inTemporaryFolder(async (directory) => {
        await mkdir(directory, { recursive: true })
        await writeFile(join(directory, 'running.json'), content)
        const local = await LocalKvs.start({ directory })
        await local.stop()
      })
    }
  })

  it('takes the keys back from others who could read them, and says so', async () => {
    await inTemporaryFolder(async (directory) => {
      await (await LocalKvs.start({ directory })).stop()
      const files = ['credentials.json', 'ca-key.pem'].map((name) => join(directory, name))
      for (const file of files) await chmod(file, 0o644)
      const local = await LocalKvs.start({ directory })
      const warnings: string[] = []
      local.on('event', (event) => event.type === 'warning' && warnings.push(event.message))
      for (const file of files) assert.equal((await stat(file)).mode & 0o777, 0o600)
      assert.deepEqual(
        warnings.map((text) => /read (\S+):/.exec(text)?.[1]),
        ['credentials.json', 'ca-key.pem'],
      )
      await local.stop()
    })
  })

  it('tells what happens, also where a listener fails', async () => {
    await withLocalKvs({}, async (local) => {
      const events: LocalKvsEvent[] = []
      local.on('event', (event) => events.push(event))
      await call(local, '/createStream', '{"StreamName":"told"}')
      await call(local, '/createStream', '{"StreamName":"told"}')
      assert.deepEqual(
        events.map((event) => (event.type === 'refused' ? [event.operation, event.error.type] : [event.type])),
        [['stream'], ['createStream', 'ResourceInUseException']],
      )
    })
  })
})
