import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { KvsError } from '../errors.ts'
import type { Crypto } from '../platform.ts'
import { hex, utf8Bytes } from '../text.ts'
import {
  amzDate,
  authorizationHeader,
  canonicalRequest,
  credentialScope,
  emptyPayloadSha256,
  type Headers,
  SigningKeys,
  signature,
  signedHeaderNames,
  signingKey,
  signRequest,
  stringToSign,
  uriEncode,
} from './sigv4.ts'

const crypto: Crypto = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
}
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const wallMs = Date.UTC(2015, 7, 30, 12, 36, 0)
const sha256 = (text: string) => hex(crypto.sha256(utf8Bytes(text)))

interface Vector {
  readonly name: string
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly headers?: Headers
  readonly body?: string
  readonly token?: string
  readonly signature: string
}

// The AWS Signature Version 4 test suite: key AKIDEXAMPLE, us-east-1, "service", 2015-08-30T12:36:00Z.
const vectors: Vector[] = [
  { name: 'get-vanilla', signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31' },
  {
    name: 'get-header-key-duplicate',
    headers: [
      ['My-Header1', 'value2'],
      ['My-Header1', 'value2'],
      ['My-Header1', 'value1'],
    ],
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
  {
    name: 'get-header-value-trim',
    headers: [
      ['My-Header1', ' value1'],
      ['My-Header2', ' "a   b   c"'],
    ],
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  {
    name: 'get-unreserved',
    path: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  { name: 'get-utf8', path: '/\u1234', signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85' },
  {
    name: 'get-vanilla-empty-query-key',
    query: 'Param1=value1',
    signature: 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  },
  {
    name: 'get-vanilla-query-order-key-case',
    query: 'Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'get-vanilla-utf8-query',
    query: '\u1234=bar',
    signature: '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  },
  {
    name: 'normalize-path/get-relative-relative',
    path: '/example1/example2/../..',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'normalize-path/get-slashes and get-slash-dot-slash, empty path',
    path: '',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'post-sts-header-before',
    method: 'POST',
    token:
      'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==',
    signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    body: 'Param1=value1',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
]

for (const vector of vectors) {
  test(`published vector ${vector.name}`, () => {
    const added = signRequest(
      {
        method: vector.method ?? 'GET',
        path: vector.path ?? '/',
        query: vector.query ?? '',
        headers: [['Host', 'example.amazonaws.com'], ...(vector.headers ?? [])],
        payloadHash: sha256(vector.body ?? ''),
        region: 'us-east-1',
        service: 'service',
        credentials: { ...credentials, sessionToken: vector.token },
        wallMs,
      },
      crypto,
    )
    assert.match(added.at(-1)?.[1] ?? '', new RegExp(`, Signature=${vector.signature}$`))
  })
}

test('the ListUsers example of the IAM documentation, step by step', () => {
  const headers: Headers = [
    ['Host', 'iam.amazonaws.com'],
    ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'],
    ['X-Amz-Date', '20150830T123600Z'],
  ]
  const signedHeaders = signedHeaderNames(headers)
  assert.deepEqual(signedHeaders, ['content-type', 'host', 'x-amz-date'])
  const canonical = canonicalRequest({
    method: 'GET',
    path: '/',
    query: 'Action=ListUsers&Version=2010-05-08',
    headers,
    signedHeaders,
    payloadHash: emptyPayloadSha256,
  })
  assert.equal(
    canonical,
    'GET\n/\nAction=ListUsers&Version=2010-05-08\ncontent-type:application/x-www-form-urlencoded; charset=utf-8\nhost:iam.amazonaws.com\nx-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
  assert.equal(sha256(canonical), 'f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59')
  const scope = credentialScope('20150830', 'us-east-1', 'iam')
  const toSign = stringToSign('20150830T123600Z', scope, canonical, crypto)
  assert.equal(
    toSign,
    'AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59',
  )
  const key = signingKey(credentials.secretAccessKey, '20150830', 'us-east-1', 'iam', crypto)
  assert.equal(hex(key), 'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9')
  const signed = signature(key, toSign, crypto)
  assert.equal(signed, '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7')
  assert.equal(
    authorizationHeader(credentials.accessKeyId, scope, signedHeaders, signed),
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  )
})

test('the hash of the empty payload is what it says', () => {
  assert.equal(emptyPayloadSha256, sha256(''))
})

test('a verifier may name exactly the headers of SignedHeaders, hop-by-hop ones included', () => {
  const canonical = canonicalRequest({
    method: 'POST',
    path: '/putMedia',
    query: '',
    headers: [
      ['Host', 'localhost'],
      ['connection', 'keep-alive'],
      ['x-not-signed', 'x'],
    ],
    signedHeaders: ['connection', 'host', 'x-absent'],
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  assert.equal(
    canonical,
    'POST\n/putMedia\n\nconnection:keep-alive\nhost:localhost\nx-absent:\n\nconnection;host;x-absent\nUNSIGNED-PAYLOAD',
  )
})

test('the query: broken escapes stay, sorting is by name and only then by value', () => {
  const of = (query: string) =>
    canonicalRequest({ method: 'GET', path: '/', query, headers: [], signedHeaders: [], payloadHash: '' }).split(
      '\n',
    )[2]
  assert.equal(of('a=%&b=%4'), 'a=%25&b=%254')
  assert.equal(of('a=%7e%2f&&b'), 'a=~%2F&b=')
  assert.equal(of('a-b=1&a=2&a=1'), 'a=1&a=2&a-b=1')
  assert.equal(of('a=b=c'), 'a=b%3Dc')
})

test('dates', () => {
  assert.deepEqual(amzDate(wallMs), { date: '20150830', dateTime: '20150830T123600Z' })
  assert.deepEqual(amzDate(951_782_399_999), { date: '20000228', dateTime: '20000228T235959Z' })
  assert.deepEqual(amzDate(951_868_799_999), { date: '20000229', dateTime: '20000229T235959Z' })
  assert.deepEqual(amzDate(0), { date: '19700101', dateTime: '19700101T000000Z' })
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 253_402_300_800_000, -62_167_219_200_001]) {
    assert.throws(
      () => amzDate(wrong),
      (error) => error instanceof KvsError && error.code === 'CLOCK_SKEWED',
    )
  }
})

test('URI encoding', () => {
  assert.equal(uriEncode('aZ09-._~ /+%*\u00e9\u{1f4f7}'), 'aZ09-._~%20%2F%2B%25%2A%C3%A9%F0%9F%93%B7')
})

test('signing keys are derived once per day, region, service and secret, and are not hoarded', () => {
  let derived = 0
  const counting: Crypto = {
    sha256: crypto.sha256,
    hmacSha256: (key, bytes) => {
      derived++
      return crypto.hmacSha256(key, bytes)
    },
  }
  const keys = new SigningKeys(counting)
  const first = keys.get(credentials, '20150830', 'us-east-1', 'iam')
  assert.equal(hex(first), 'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9')
  assert.equal(keys.get(credentials, '20150830', 'us-east-1', 'iam'), first)
  assert.equal(derived, 4)
  const variants: [typeof credentials, string, string, string][] = [
    [credentials, '20150831', 'us-east-1', 'iam'],
    [credentials, '20150830', 'us-east-2', 'iam'],
    [credentials, '20150830', 'us-east-1', 'kinesisvideo'],
    [{ ...credentials, secretAccessKey: 'other' }, '20150830', 'us-east-1', 'iam'],
  ]
  for (const [who, date, region, service] of variants) {
    const expected = signingKey(who.secretAccessKey, date, region, service, crypto)
    assert.deepEqual(keys.get(who, date, region, service), expected)
  }
  for (let day = 0; day < 3 * SigningKeys.LIMIT; day++) keys.get(credentials, `2016${day}`, 'us-east-1', 'iam')
  derived = 0
  keys.get(credentials, '20150830', 'us-east-1', 'iam')
  assert.equal(derived, 4)
})

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

test('agrees with the signer of the AWS SDK over random requests', async () => {
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
        const oracle = new SignatureV4({
          credentials: identity,
          region,
          service: 'kinesisvideo',
          sha256: Sha256,
          applyChecksum: false,
        })
        const theirs = await oracle.sign(
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
            payloadHash: sha256(body),
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
