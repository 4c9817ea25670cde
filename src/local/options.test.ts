import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settingsOf } from './options.ts'
import { withLocalKvs } from './testing/temporaryKvs.ts'

describe('options', () => {
  it('are checked, each by its name', () => {
    const wrong = [
      { directory: '' },
      { port: 65_536 },
      { port: 1.5 },
      { host: '' },
      { host: 'a b' },
      { region: 'Europe' },
      { limits: 'some' as 'on' },
      { concurrentPutMedia: 0 },
      { advertise: 'https://x' },
      { advertise: 'x:0' },
      { createDelayMs: -1 },
      { idleCloseMs: 0 },
      { connectionMaxMs: Number.NaN },
      { maxConnections: 0 },
    ]
    for (const option of wrong) {
      const [name = ''] = Object.keys(option)
      assert.throws(
        () => settingsOf({ directory: 'd', ...option }),
        (error) => String(error).includes(name),
        name,
      )
    }
  })

  it('decide on the URL that clients are told', async () => {
    await withLocalKvs({ advertise: 'kvs.example:443' }, async (local) => {
      assert.equal(local.url, 'https://kvs.example')
    })
    await withLocalKvs({ host: '127.0.0.2', advertise: '[::1]' }, async (local) => {
      assert.equal(local.url, `https://[::1]:${local.port}`)
    })
    await withLocalKvs({ host: '127.0.0.2' }, async (local) => {
      assert.equal(local.url, `https://127.0.0.2:${local.port}`)
    })
  })
})
