import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { KvsError } from '../../core/errors.ts'
import { credentialsFile, keepCredentials, readCredentials } from './credentials.ts'

describe('credentials of the endpoint', () => {
  let directory = ''
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kvs-credentials-'))
  })
  after(() => rm(directory, { recursive: true }))

  it('are made once, in the form of AWS, for their owner only', async () => {
    assert.equal(await readCredentials(directory), null)
    const { credentials, repaired } = await keepCredentials(directory)
    assert.match(credentials.accessKeyId, /^AKIA[A-Z2-7]{16}$/)
    assert.equal(credentials.secretAccessKey.length, 40)
    assert.equal(repaired, false)
    assert.equal((await stat(credentialsFile(directory))).mode & 0o777, 0o600)
    assert.deepEqual((await keepCredentials(directory)).credentials, credentials)
  })

  it('are taken from others who could read them', async () => {
    await keepCredentials(directory)
    await chmod(credentialsFile(directory), 0o644)
    assert.equal((await keepCredentials(directory)).repaired, true)
    assert.equal((await stat(credentialsFile(directory))).mode & 0o777, 0o600)
  })

  it('are refused when damaged, without showing what is there', async () => {
    await keepCredentials(directory)
    const secret = JSON.parse(await readFile(credentialsFile(directory), 'utf8')).secretAccessKey
    for (const text of [
      '',
      `{"secretAccessKey":"${secret}"}`,
      `{"accessKeyId":"a b","secretAccessKey":"${secret}"}`,
      `${secret}`,
    ]) {
      await writeFile(credentialsFile(directory), text)
      await assert.rejects(keepCredentials(directory), (error) => {
        assert.ok(error instanceof KvsError)
        assert.equal(error.code, 'CONFIGURATION')
        assert.ok(!error.explain().includes(secret))
        return true
      })
    }
  })
})
