import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import type { Crypto } from '../platform.ts'
import { testCrypto as crypto } from '../testing/testCrypto.ts'
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
import { vectors } from './testing/sigv4Vectors.ts'

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const wallMs = Date.UTC(2015, 7, 30, 12, 36, 0)
const sha256 = (text: string) => hex(crypto.sha256(utf8Bytes(text)))

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
