import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { emptyPayloadSha256, type Headers, signRequest } from '../../core/aws/sigv4.ts'
import { testCrypto as crypto } from '../../core/testing/testCrypto.ts'
import { ServiceError } from '../errors.ts'
import { type SignedRequest, Verifier } from './verify.ts'

const nowMs = Date.UTC(2026, 5, 15, 12, 0, 0)
const credentials = { accessKeyId: 'AKIALOCALTEST', secretAccessKey: 'se/cret+KEY' }
const temporary = { ...credentials, accessKeyId: 'ASIALOCALTEST', sessionToken: 'to/ken==' }
const expired = { ...temporary, accessKeyId: 'ASIAEXPIRED', expiration: new Date(nowMs - 1) }
const all = [credentials, temporary, expired]
const region = 'eu-west-1'

const verifier = new Verifier({ region, lookup: (id) => all.find((each) => each.accessKeyId === id) })

interface Signing {
  readonly path?: string
  readonly body?: string | null
  readonly headers?: Headers
  readonly region?: string
  readonly service?: string
  readonly wallMs?: number
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  readonly payloadHash?: string
}

function signed(options: Signing = {}): SignedRequest {
  const body = options.body === undefined ? '{"StreamName":"cam"}' : options.body
  const path = options.path ?? '/describeStream'
  const headers = options.headers ?? [['Host', 'localhost:8443']]
  const hash = body === null ? emptyPayloadSha256 : createHash('sha256').update(body).digest('hex')
  const added = signRequest(
    {
      method: 'POST',
      path,
      query: '',
      headers,
      payloadHash: options.payloadHash ?? hash,
      region: options.region ?? region,
      service: options.service ?? 'kinesisvideo',
      credentials: options.credentials ?? credentials,
      wallMs: options.wallMs ?? nowMs,
    },
    crypto,
  )
  const bytes = body === null ? null : Buffer.from(body)
  return { method: 'POST', path, query: '', headers: [...headers, ...added], body: bytes }
}

function replaced(request: SignedRequest, name: string, value: (old: string) => string | null): SignedRequest {
  const headers = request.headers.flatMap(([key, old]): [string, string][] => {
    if (key.toLowerCase() !== name) return [[key, old]]
    const made = value(old)
    return made === null ? [] : [[key, made]]
  })
  return { ...request, headers }
}

function refused(request: SignedRequest, type: string, status: number, message: RegExp, atMs = nowMs): void {
  assert.throws(
    () => verifier.verify(request, atMs),
    (error) => {
      assert.ok(error instanceof ServiceError)
      assert.deepEqual([error.type, error.status], [type, status])
      assert.match(error.message, message)
      return true
    },
  )
}

describe('a sound signature', () => {
  it('is let in, and names its key', () => {
    assert.equal(verifier.verify(signed(), nowMs).accessKeyId, 'AKIALOCALTEST')
    assert.equal(verifier.verify(signed({ credentials: temporary }), nowMs).accessKeyId, 'ASIALOCALTEST')
  })

  it('may be made over a Host without the port that is on the wire', () => {
    const request = replaced(signed({ headers: [['Host', 'localhost']] }), 'host', () => 'localhost:8443')
    assert.equal(verifier.verify(request, nowMs).accessKeyId, 'AKIALOCALTEST')
  })

  it('may come with a session token that is not signed', () => {
    const request = signed({ credentials: { ...temporary, sessionToken: '' } })
    const headers = [...request.headers, ['X-Amz-Security-Token', temporary.sessionToken] as const]
    assert.equal(verifier.verify({ ...request, headers }, nowMs).accessKeyId, 'ASIALOCALTEST')
  })

  it('covers a streamed body in any of the three forms in use', () => {
    assert.ok(verifier.verify(signed({ body: null }), nowMs))
    for (const word of ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'UNSIGNED-PAYLOAD']) {
      const headers: Headers = [
        ['Host', 'localhost'],
        ['x-amz-content-sha256', word],
      ]
      assert.ok(verifier.verify(signed({ body: null, headers, payloadHash: word }), nowMs))
    }
  })

  it('may be made over a doubled slash, normalised or not', () => {
    assert.ok(verifier.verify(signed({ path: '//describeStream' }), nowMs))
    const canonicalHeaders = 'host:h\nx-amz-date:20260615T120000Z\n'
    const hash = createHash('sha256').update('{}').digest('hex')
    const canonical = `POST\n//describeStream\n\n${canonicalHeaders}\nhost;x-amz-date\n${hash}`
    const scope = `20260615/${region}/kinesisvideo/aws4_request`
    const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
    const key = hmac(hmac(hmac(hmac('AWS4se/cret+KEY', '20260615'), region), 'kinesisvideo'), 'aws4_request')
    const canonicalHash = createHash('sha256').update(canonical).digest('hex')
    const signature = hmac(key, `AWS4-HMAC-SHA256\n20260615T120000Z\n${scope}\n${canonicalHash}`).toString('hex')
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIALOCALTEST/${scope},SignedHeaders=host;x-amz-date,Signature=${signature}`
    const headers: Headers = [
      ['Host', 'h'],
      ['X-Amz-Date', '20260615T120000Z'],
      ['Authorization', authorization],
    ]
    const request = { method: 'POST', path: '//describeStream', query: '', headers, body: Buffer.from('{}') }
    assert.ok(verifier.verify(request, nowMs))
    refused({ ...request, path: '///describeStream' }, 'InvalidSignatureException', 403, /does not match/)
  })
})

describe('a request that was changed on the way', () => {
  it('is refused, whatever signed part it is', () => {
    const request = signed({ credentials: temporary })
    const mismatch = ['InvalidSignatureException', 403, /does not match/] as const
    refused({ ...request, method: 'PUT' }, ...mismatch)
    refused({ ...request, path: '/deleteStream' }, ...mismatch)
    refused({ ...request, query: 'a=b' }, ...mismatch)
    refused({ ...request, body: Buffer.from('{"StreamName":"cat"}') }, ...mismatch)
    refused(
      replaced(request, 'host', () => 'example.com'),
      ...mismatch,
    )
    refused(
      replaced(request, 'x-amz-date', () => '20260615T120001Z'),
      ...mismatch,
    )
    const flip = (old: string) => old.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    refused(replaced(request, 'authorization', flip), ...mismatch)
    refused(signed({ credentials: { ...credentials, secretAccessKey: 'other' } }), ...mismatch)
  })

  it('is refused where one character of any header is another', () => {
    const request = signed({
      headers: [
        ['Host', 'localhost'],
        ['X-Amzn-Stream-Name', 'cam'],
      ],
      body: null,
    })
    const positions = request.headers.flatMap(([, value], header) =>
      Array.from(value, (_, at) => [header, at] as const),
    )
    fc.assert(
      fc.property(fc.constantFrom(...positions), fc.integer({ min: 33, max: 126 }), ([header, at], code) => {
        const headers = request.headers.map(([name, value], index): [string, string] => {
          const changed = value.slice(0, at) + String.fromCharCode(code) + value.slice(at + 1)
          return [name, index === header ? changed : value]
        })
        fc.pre(headers.some(([, value], index) => value !== request.headers[index]?.[1]))
        // Commas with or without spaces part what is in the Authorization header, and two are no more than one.
        fc.pre(!headers.some(([, value]) => value.includes(',,')))
        assert.throws(() => verifier.verify({ ...request, headers }, nowMs), ServiceError)
      }),
      { numRuns: 300 },
    )
  })

  it('is refused where the declared hash is not that of the body', () => {
    const headers: Headers = [
      ['Host', 'localhost'],
      ['x-amz-content-sha256', emptyPayloadSha256],
    ]
    const request = signed({ headers, payloadHash: emptyPayloadSha256 })
    refused(request, 'InvalidSignatureException', 403, /not the SHA-256 of the body/)
  })
})

describe('a refusal says what is wrong', () => {
  it('with the Authorization header', () => {
    refused(
      replaced(signed(), 'authorization', () => null),
      'MissingAuthenticationTokenException',
      403,
      /Missing/,
    )
    const wrong = [
      '',
      'Basic eA==',
      'AWS4-HMAC-SHA256 Credential=a/b',
      'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0',
    ]
    for (const text of wrong) {
      refused(
        replaced(signed(), 'authorization', () => text),
        'IncompleteSignatureException',
        400,
        /./,
      )
    }
  })

  it('with the date', () => {
    refused(
      replaced(signed(), 'x-amz-date', () => null),
      'IncompleteSignatureException',
      400,
      /X-Amz-Date/,
    )
    refused(
      replaced(signed(), 'x-amz-date', () => '2026-06-15'),
      'IncompleteSignatureException',
      400,
      /YYYYMMDD/,
    )
    const skewMs = 15 * 60_000
    assert.ok(verifier.verify(signed(), nowMs + skewMs))
    assert.ok(verifier.verify(signed(), nowMs - skewMs))
    refused(signed(), 'InvalidSignatureException', 403, /^Signature expired: 20260615T120000Z /, nowMs + skewMs + 1000)
    refused(signed(), 'InvalidSignatureException', 403, /^Signature not yet current: /, nowMs - skewMs - 1000)
  })

  it('with the scope', () => {
    refused(signed({ region: 'us-east-1' }), 'InvalidSignatureException', 403, /valid region: 'eu-west-1'/)
    refused(signed({ service: 's3' }), 'InvalidSignatureException', 403, /correct service: 'kinesisvideo'/)
    const otherDay = replaced(signed(), 'authorization', (old) => old.replace('/20260615/', '/20260614/'))
    refused(otherDay, 'InvalidSignatureException', 403, /Date in Credential scope does not match/)
  })

  it('with the credentials', () => {
    const unknown = { ...credentials, accessKeyId: 'AKIAUNKNOWN' }
    refused(signed({ credentials: unknown }), 'UnrecognizedClientException', 403, /invalid/)
    const wrongToken = { ...temporary, sessionToken: 'other' }
    refused(signed({ credentials: wrongToken }), 'UnrecognizedClientException', 403, /invalid/)
    refused(
      replaced(signed({ credentials: temporary }), 'x-amz-security-token', () => null),
      'UnrecognizedClientException',
      403,
      /invalid/,
    )
    refused(
      signed({ credentials: { ...credentials, sessionToken: 'unasked' } }),
      'UnrecognizedClientException',
      403,
      /invalid/,
    )
    refused(signed({ credentials: expired }), 'ExpiredTokenException', 403, /expired/)
  })

  it('with the signed headers', () => {
    const withoutHost = signed({ headers: [['x-other', 'h']] })
    refused(withoutHost, 'InvalidSignatureException', 403, /'Host' must be/)
    const lost = replaced(
      signed({
        headers: [
          ['Host', 'h'],
          ['x-other', 'v'],
        ],
      }),
      'x-other',
      () => null,
    )
    refused(lost, 'InvalidSignatureException', 403, /'x-other' is named/)
  })
})

describe('any headers at all', () => {
  it('are let in or refused, never more', () => {
    const text = fc.string({ maxLength: 60 })
    const name = fc.constantFrom(
      'host',
      'authorization',
      'x-amz-date',
      'date',
      'x-amz-security-token',
      'x-amz-content-sha256',
    )
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            name,
            fc.oneof(
              text,
              text.map((value) => `AWS4-HMAC-SHA256 ${value}`),
            ),
          ),
        ),
        (headers) => {
          const request = { method: 'POST', path: '/', query: '', headers, body: null }
          assert.throws(() => verifier.verify(request, nowMs), ServiceError)
        },
      ),
      { numRuns: 500 },
    )
  })
})
