import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DirectoryClaim } from './running.ts'
import { inTemporaryFolder } from './testing/temporaryKvs.ts'

const deadPid = 2 ** 22 + 1
const where = {
  url: 'https://localhost:1',
  host: '127.0.0.1',
  port: 1,
  region: 'x',
  caFile: null,
  iotPort: null,
  machineUrl: 'http://127.0.0.1:2',
}

describe('the claim on a folder', () => {
  it('is taken over from a dead endpoint by one only, however many try', async () => {
    for (let round = 0; round < 30; round++) {
      await inTemporaryFolder(async (directory) => {
        await writeFile(join(directory, 'running.json'), JSON.stringify({ pid: deadPid, ...where }))
        const tries = await Promise.allSettled(Array.from({ length: 6 }, () => DirectoryClaim.take(directory)))
        const claims = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
        for (const one of tries) if (one.status === 'rejected') assert.match(String(one.reason), /runs in .* already/)
        assert.equal(claims.length, 1)
        await claims[0]?.announce(where)
        await assert.rejects(DirectoryClaim.take(directory), /runs in .* already/)
        await claims[0]?.release()
        assert.deepEqual(await readdir(directory), [])
      })
    }
  })

  it('is taken over by one only where an earlier successor died amid it, and while another is about it', async () => {
    await inTemporaryFolder(async (directory) => {
      const path = join(directory, 'running.json')
      const dead = JSON.stringify({ pid: deadPid })
      const succession = (found: string) => createHash('sha256').update(found).digest('hex').slice(0, 16)
      for (let round = 0; round < 10; round++) {
        await writeFile(path, dead)
        await writeFile(`${path}.${succession(dead)}`, dead)
        const tries = await Promise.allSettled(Array.from({ length: 6 }, () => DirectoryClaim.take(directory)))
        const claims = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
        assert.equal(claims.length, 1)
        assert.deepEqual(await readdir(directory), ['running.json'])
        await claims[0]?.release()
      }
      await writeFile(path, dead)
      await writeFile(`${path}.${succession(dead)}`, JSON.stringify({ pid: process.pid }))
      await assert.rejects(DirectoryClaim.take(directory), /runs in .* already/)
      assert.equal(await readFile(path, 'utf8'), dead)
    })
  })

  it('is released by its owner only', async () => {
    await inTemporaryFolder(async (directory) => {
      const claim = await DirectoryClaim.take(directory)
      const path = join(directory, 'running.json')
      await writeFile(path, '{"pid":1,"id":"of another"}')
      await claim.release()
      assert.equal(await readFile(path, 'utf8'), '{"pid":1,"id":"of another"}')
      await assert.rejects(claim.announce(where), /runs in .* already/)
    })
  })

  it('holds as long as its process lives, however slow its start is', async () => {
    await inTemporaryFolder(async (directory) => {
      const claim = await DirectoryClaim.take(directory)
      await utimes(join(directory, 'running.json'), 0, 0)
      await assert.rejects(DirectoryClaim.take(directory), /runs in .* already/)
      await claim.release()
    })
  })

  it('ends with its process, though another one has its number', async () => {
    await inTemporaryFolder(async (directory) => {
      const stale = { pid: process.pid, born: 'an earlier boot 1' }
      await writeFile(join(directory, 'running.json'), JSON.stringify(stale))
      await (await DirectoryClaim.take(directory)).release()
    })
  })
})
