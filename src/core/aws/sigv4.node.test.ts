/** Compared with the signer of the AWS SDK, which the engine of a device cannot run. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { testCrypto as crypto } from '../testing/testCrypto.ts'
import { hex, utf8Bytes, utf8Text } from '../text.ts'
import { type PutMediaInput, putMediaHead } from './putMedia.ts'
import { type Headers, SigningKeys, signRequest } from './sigv4.ts'
import { FakeControlPlane, parseRequest } from './testing/fakeControlPlane.ts'

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const temporary = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'IQoJ+/=' }

function oracle(identity: typeof credentials, region: string): SignatureV4 {
  return new SignatureV4({
    credentials: identity,
    region,
    service: 'kinesisvideo',
    sha256: Sha256,
    applyChecksum: false,
  })
}

const header = fc.tuple(
  fc.constantFrom(
    'content-type',
    'X-Amzn-Stream-Name',
    'User-Agent',
    'Connection',
    'te',
    'proxy-x',
    'sec-y',
    'x-a',
    'X-AB',
    'accept',
  ),
  fc.string({ unit: fc.constantFrom('a', 'Z', '"', ' ', '\t', ',', ':', '%', '\u00e9'), maxLength: 12 }),
)
const textUnit = fc.constantFrom(
  'a',
  'B',
  '9',
  '-',
  '.',
  '_',
  '~',
  ' ',
  '/',
  '+',
  '%',
  '=',
  '&',
  '*',
  "'",
  '(',
  '!',
  '\u00e9',
  '\u20ac',
  '\u{1f4f7}',
)
const text = fc.string({ unit: textUnit, maxLength: 10 })
const path = fc
  .array(fc.oneof(fc.constantFrom('.', '..', '', 'putMedia', 'a%20b', '%E1%88%B4'), text), { maxLength: 5 })
  .map((segments) => `/${segments.join('/')}`)

test('random requests', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        path,
        query: fc.dictionary(
          fc.string({ unit: textUnit, minLength: 1, maxLength: 8 }),
          fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
          { maxKeys: 4 },
        ),
        headers: fc.uniqueArray(header, { selector: ([name]) => name.toLowerCase(), maxLength: 6 }),
        body: fc.oneof(fc.constant(''), text),
        token: fc.option(fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom('A', 'b', '/', '+', '=') }), {
          nil: undefined,
        }),
        region: fc.constantFrom('us-west-2', 'eu-central-1', 'us-gov-east-1'),
        wallMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
        host: fc.constantFrom('kinesisvideo.us-west-2.amazonaws.com', 'localhost:8443'),
      }),
      async ({ method, path, query, headers, body, token, region, wallMs, host }) => {
        const identity = token === undefined ? credentials : { ...credentials, sessionToken: token }
        const all: Headers = [['host', host], ...headers]
        const theirs = await oracle(identity, region).sign(
          { method, protocol: 'https:', hostname: host, path, query, headers: Object.fromEntries(all), body },
          { signingDate: new Date(wallMs) },
        )
        const parameters = Object.entries(query).flatMap(([name, value]) =>
          (Array.isArray(value) ? value : [value]).map(
            (one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`,
          ),
        )
        const ours = signRequest(
          {
            method,
            path,
            query: parameters.join('&'),
            headers: all,
            payloadHash: hex(crypto.sha256(utf8Bytes(body))),
            region,
            service: 'kinesisvideo',
            credentials: identity,
            wallMs,
          },
          crypto,
        )
        for (const [name, value] of ours) assert.equal(value, theirs.headers[name])
        assert.equal(ours.length, token === undefined ? 2 : 3)
      },
    ),
    { numRuns: 3000 },
  )
})

test('requests of the control plane, also behind a path and a port', async () => {
  const StreamInfo = { StreamARN: 'arn', StreamName: 's', Status: 'ACTIVE', DataRetentionInHours: 24, Version: 'v' }
  const fake = new FakeControlPlane(() => ({ body: JSON.stringify({ StreamInfo }) }))
  await fake.controlPlane('https://localhost:8443/base', temporary).describeStream('s')
  const [request] = fake.requests
  const { authorization, 'content-length': _length, ...headers } = request?.headers ?? {}
  const path = '/base/describeStream'
  const theirs = await oracle(temporary, 'us-west-2').sign(
    { method: 'POST', protocol: 'https:', hostname: 'localhost', path, headers, body: request?.body ?? '' },
    { signingDate: new Date(fake.clock.wallMs()) },
  )
  assert.equal(authorization, theirs.headers['authorization'])
})

test('PutMedia: a request without a body', async () => {
  const keys = new SigningKeys(crypto)
  const input: PutMediaInput = {
    origin: { host: 's-1a2b3c4d.kinesisvideo.us-west-2.amazonaws.com', port: 443, tls: true },
    streamName: 'camera',
    region: 'us-west-2',
    credentials: temporary,
    wallMs: Date.UTC(2019, 3, 2, 22, 52, 3, 5),
    timecodeType: 'ABSOLUTE',
    userAgent: 'kvs-producer/0 (test)',
    expectContinue: true,
  }
  const origin = { host: '::1', port: 8443, tls: true, path: '/base' }
  const inputs = [input, { ...input, origin, timecodeType: 'RELATIVE', expectContinue: false } as const]
  for (const each of inputs) {
    const { path, headers } = parseRequest(utf8Text(putMediaHead(each, crypto, keys)))
    const { authorization, expect: _expect, ...signed } = headers
    const theirs: { readonly headers: Record<string, string> } = await oracle(temporary, input.region).sign(
      { method: 'POST', protocol: 'https:', hostname: 'h', path, headers: signed },
      { signingDate: new Date(input.wallMs) },
    )
    assert.equal(authorization, theirs.headers['authorization'])
  }
})
