/** The three ways to temporary credentials, as the clients of AWS go them. */

import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import { describe, it } from 'node:test'
import { KinesisVideoClient, ListStreamsCommand } from '@aws-sdk/client-kinesis-video'
import { LocalKvs } from '../index.ts'
import { clientOptions, inTemporaryFolder, withLocalKvs } from '../testing/temporaryKvs.ts'
import { Authority } from '../tls/authority.ts'

interface Answer {
  readonly status: number | undefined
  readonly text: string
}

async function ask(url: string, options: RequestOptions = {}): Promise<Answer> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  return await new Promise((resolve, reject) => {
    const asking = request(url, { agent: false, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    asking.on('error', reject)
    asking.end()
  })
}

async function askIot(local: LocalKvs, cert?: string, key?: string): Promise<Answer> {
  assert.ok(local.iot && local.caFile)
  const ca = await readFile(local.caFile, 'utf8')
  const url = `https://${local.iot.endpoint}/role-aliases/${local.iot.roleAlias}/credentials`
  return await ask(url, { ca, headers: { 'x-amzn-iot-thingname': 'thing' }, ...(cert && { cert, key }) })
}

/** Whether the service takes them. */
async function works(local: LocalKvs, accessKeyId: string, secretAccessKey: string, sessionToken: string) {
  const credentials = { accessKeyId, secretAccessKey, sessionToken }
  const client = new KinesisVideoClient({ ...(await clientOptions(local)), credentials })
  await client.send(new ListStreamsCommand({}))
  client.destroy()
}

describe('temporary credentials', () => {
  it('come from AWS IoT for the certificate that the endpoint has issued, which is kept', async () => {
    await inTemporaryFolder(async (directory) => {
      const texts: string[] = []
      for (let start = 0; start < 2; start++) {
        const local = await LocalKvs.start({ directory, tokenLifeMs: 5000 })
        const [cert, key] = await Promise.all(
          [local.iot?.certificateFile, local.iot?.keyFile].map((path) => readFile(path ?? '', 'utf8')),
        )
        texts.push(cert ?? '')
        assert.equal((await stat(local.iot?.keyFile ?? '')).mode & 0o777, 0o600)
        const { status, text } = await askIot(local, cert, key)
        assert.equal(status, 200)
        const { accessKeyId, secretAccessKey, sessionToken, expiration } = JSON.parse(text).credentials
        await works(local, accessKeyId, secretAccessKey, sessionToken)
        assert.match(expiration, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
        const leftMs = Date.parse(expiration) - Date.now()
        assert.ok(leftMs <= 6000, `${leftMs} ms left`)
        await local.stop()
      }
      assert.equal(texts[0], texts[1])
    })
  })

  it('do not come from AWS IoT without a certificate, with one of another authority, or for another path', async () => {
    await withLocalKvs({}, async (local) => {
      const message = '{"message":"Certificate is invalid on this endpoint"}'
      assert.deepEqual(await askIot(local), { status: 403, text: message })
      await inTemporaryFolder(async (elsewhere) => {
        const other = await Authority.open(elsewhere, Date.now())
        const { certificate, privateKey } = other.clientCertificate('stranger', Date.now())
        assert.deepEqual(await askIot(local, certificate, privateKey), { status: 403, text: message })
      })
      const ca = await readFile(local.caFile ?? '', 'utf8')
      assert.equal((await ask(`https://${local.iot?.endpoint}/role-aliases//credentials`, { ca })).status, 404)
    })
  })

  it('a certificate for devices that is damaged or of another authority is made anew', async () => {
    await inTemporaryFolder(async (directory) => {
      const first = await LocalKvs.start({ directory })
      await first.stop()
      await writeFile(first.iot?.certificateFile ?? '', 'damaged')
      const local = await LocalKvs.start({ directory })
      const [cert, key] = await Promise.all(
        [local.iot?.certificateFile, local.iot?.keyFile].map((path) => readFile(path ?? '', 'utf8')),
      )
      assert.equal((await askIot(local, cert, key)).status, 200)
      await local.stop()
    })
  })

  it('come from the instance metadata service, for its token', async () => {
    await withLocalKvs({}, async (local) => {
      const { imdsUrl } = local
      const tokenUrl = `${imdsUrl}/latest/api/token`
      const roles = `${imdsUrl}/latest/meta-data/iam/security-credentials/`
      const ttl = (seconds: string) => ({ headers: { 'x-aws-ec2-metadata-token-ttl-seconds': seconds } })
      assert.equal((await ask(tokenUrl, { method: 'PUT' })).status, 400)
      assert.equal((await ask(tokenUrl, { method: 'PUT', ...ttl('21601') })).status, 400)
      const token = await ask(tokenUrl, { method: 'PUT', ...ttl('60') })
      const headers = { 'x-aws-ec2-metadata-token': token.text }
      assert.equal((await ask(roles)).status, 401)
      assert.equal((await ask(roles, { headers: { 'x-aws-ec2-metadata-token': `${token.text}x` } })).status, 401)
      const role = await ask(roles, { headers })
      assert.equal(role.text, 'kvs-local')
      assert.equal((await ask(`${roles}another`, { headers })).status, 404)
      const { status, text } = await ask(roles + role.text, { headers })
      const { Code, Type, AccessKeyId, SecretAccessKey, Token } = JSON.parse(text)
      assert.deepEqual([status, Code, Type], [200, 'Success', 'AWS-HMAC'])
      await works(local, AccessKeyId, SecretAccessKey, Token)
    })
  })

  it('come to containers, for their token', async () => {
    await withLocalKvs({}, async (local) => {
      const { url, authorizationToken } = local.container
      assert.equal((await ask(url)).status, 401)
      assert.equal((await ask(url, { headers: { authorization: 'guessed' } })).status, 401)
      const { status, text } = await ask(url, { headers: { authorization: authorizationToken } })
      assert.equal(status, 200)
      const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(text)
      await works(local, AccessKeyId, SecretAccessKey, Token)
    })
  })

  it('come badly where the fault plan says so', async () => {
    await withLocalKvs({}, async (local) => {
      const headers = { authorization: local.container.authorizationToken }
      const operation = 'containerCredentials'
      local.setFaults([
        { fault: 'refuse', operation, status: 500, message: 'not now' },
        { fault: 'cut', operation, at: 'inAnswer', nth: 2 },
        { fault: 'cut', operation, at: 'answer', how: 'reset', nth: 3 },
      ])
      assert.deepEqual(await ask(local.container.url, { headers }), { status: 500, text: '{"message":"not now"}' })
      await assert.rejects(ask(local.container.url, { headers }), /aborted/)
      await assert.rejects(ask(local.container.url, { headers }), /ECONNRESET|socket hang up/)
      assert.equal((await ask(local.container.url, { headers })).status, 200)
    })
  })

  it('do not come from AWS IoT over plain HTTP', async () => {
    await withLocalKvs({ http: true }, async (local) => assert.equal(local.iot, null))
  })
})
