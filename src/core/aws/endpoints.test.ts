import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../errors.ts'
import { hostHeader } from '../http/origin.ts'
import { checkRegion, controlPlaneEndpoint, parseEndpoint } from './endpoints.ts'

const refusal = (url: string): string => {
  try {
    parseEndpoint(url)
  } catch (error) {
    if (error instanceof KvsError && error.code === 'CONFIGURATION') return error.explain()
    throw error
  }
  throw new Error(`${url} was taken`)
}

test('hosts of the control plane in every partition', () => {
  const hosts: [string, string, string][] = [
    ['us-west-2', 'kinesisvideo.us-west-2.amazonaws.com', 'kinesisvideo.us-west-2.api.aws'],
    ['ap-southeast-2', 'kinesisvideo.ap-southeast-2.amazonaws.com', 'kinesisvideo.ap-southeast-2.api.aws'],
    ['cn-north-1', 'kinesisvideo.cn-north-1.amazonaws.com.cn', 'kinesisvideo.cn-north-1.api.amazonwebservices.com.cn'],
    ['us-gov-west-1', 'kinesisvideo-fips.us-gov-west-1.amazonaws.com', 'kinesisvideo-fips.us-gov-west-1.api.aws'],
    ['us-iso-east-1', 'kinesisvideo-fips.us-iso-east-1.c2s.ic.gov', 'kinesisvideo-fips.us-iso-east-1.api.aws.ic.gov'],
    [
      'us-isob-east-1',
      'kinesisvideo-fips.us-isob-east-1.sc2s.sgov.gov',
      'kinesisvideo-fips.us-isob-east-1.api.aws.scloud',
    ],
    [
      'eusc-de-east-1',
      'kinesisvideo.eusc-de-east-1.amazonaws.eu',
      'kinesisvideo.eusc-de-east-1.api.amazonwebservices.eu',
    ],
  ]
  for (const [region, ipv4, dual] of hosts) {
    assert.equal(controlPlaneEndpoint({ region }), `https://${ipv4}`)
    assert.equal(controlPlaneEndpoint({ region, dualStack: true }), `https://${dual}`)
    const fips = ipv4.replace('kinesisvideo.', 'kinesisvideo-fips.')
    assert.equal(controlPlaneEndpoint({ region, fips: true }), `https://${fips}`)
    assert.deepEqual(parseEndpoint(`https://${ipv4}`), { host: ipv4, port: 443, tls: true })
  }
})

test('what is shaped like a region, and what is not', () => {
  for (const region of [
    'mars-1',
    'm-1',
    'us-west',
    'us-west-',
    'US-WEST-2',
    'us-west-2a',
    'us--west-2',
    '',
    '-',
    '1',
    'us-west-2\n',
    'us-wést-2',
    `us-${'a'.repeat(80)}-1`,
  ]) {
    assert.throws(
      () => checkRegion(region),
      (error) => error instanceof KvsError && error.code === 'CONFIGURATION' && error.cure.includes('eu-west-1'),
      region,
    )
  }
  for (const region of ['us-west-2', 'moon-base-1', 'us-gov-east-1', 'ap-southeast-12'])
    assert.equal(checkRegion(region), region)
})

test('endpoints as people write them', () => {
  const tls = (host: string, port = 443, path?: string) => ({
    host,
    port,
    tls: true,
    ...(path === undefined ? {} : { path }),
  })
  assert.deepEqual(parseEndpoint('kinesisvideo.us-west-2.amazonaws.com'), tls('kinesisvideo.us-west-2.amazonaws.com'))
  assert.deepEqual(parseEndpoint('https://Host.Example/'), tls('host.example'))
  assert.deepEqual(parseEndpoint('HTTPS://h:8443'), tls('h', 8443))
  assert.deepEqual(parseEndpoint('localhost:8443'), tls('localhost', 8443))
  assert.deepEqual(parseEndpoint('https://h:8443/a/b//'), tls('h', 8443, '/a/b'))
  assert.deepEqual(parseEndpoint('https://[::1]:8443/'), tls('::1', 8443))
  assert.deepEqual(parseEndpoint('[2001:DB8::1]'), tls('2001:db8::1'))
  assert.deepEqual(parseEndpoint('https://my_host-1'), tls('my_host-1'))
  for (const host of ['localhost', '127.0.0.1', '127.255.0.9']) {
    assert.deepEqual(parseEndpoint(`http://${host}:8080`), { host, port: 8080, tls: false })
  }
  assert.deepEqual(parseEndpoint('http://[::1]'), { host: '::1', port: 80, tls: false })
  assert.equal(hostHeader(parseEndpoint('http://[::1]:80')), '[::1]')
})

test('http is for this machine only', () => {
  for (const host of [
    'example.com',
    '128.0.0.1',
    '127.0.0.1.example.com',
    '127.0.0',
    '127.0.0.256',
    'localhost.example',
    '[::2]',
    '0.0.0.0',
  ]) {
    assert.match(refusal(`http://${host}`), /this machine only/)
  }
})

test('what is no endpoint is refused with a reason, and a password is not repeated', () => {
  assert.match(refusal('ftp://h'), /scheme is "ftp"/)
  assert.match(refusal(''), /names no host/)
  assert.match(refusal('https://'), /names no host/)
  assert.match(refusal('https:///path'), /names no host/)
  assert.match(refusal('https://h:'), /port is ""/)
  for (const port of ['0', '65536', '99999999999', '8a', '-1', '+1', ' 1'])
    assert.match(refusal(`h:${port}`), /not 1 to 65535/)
  assert.match(refusal('https://::1'), /more than one colon/)
  assert.match(refusal('https://[::1'), /brackets/)
  assert.match(refusal('https://[localhost]'), /brackets/)
  assert.match(refusal('https://[::1]8443'), /something other than a port/)
  assert.match(refusal('https://a b'), /no host name/)
  assert.match(refusal('https://a..b'), /no host name/)
  assert.match(refusal('https://h\u00e9'), /no host name/)
  assert.match(refusal('https://h\r\nx: y'), /cannot be used/)
  assert.match(refusal('https://h/a b'), /its path holds/)
  assert.match(refusal('https://h/?a=b'), /query/)
  assert.match(refusal('https://h/#x'), /fragment/)
  const secret = refusal('https://user:s3cret@h/')
  assert.match(secret, /user name or password/)
  assert.doesNotMatch(secret, /s3cret/)
})

test('arbitrary text is taken or refused, never anything else; what is taken fits into a request', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom('h', ':', '/', '[', ']', '@', '.', '1', '?', 'http://', 'https://'),
      maxLength: 12,
    }),
  )
  fc.assert(
    fc.property(text, (url) => {
      let origin: ReturnType<typeof parseEndpoint>
      try {
        origin = parseEndpoint(url)
      } catch (error) {
        assert.ok(error instanceof KvsError && error.code === 'CONFIGURATION')
        return
      }
      assert.ok(origin.port >= 1 && origin.port <= 65535)
      assert.match(`${hostHeader(origin)}${origin.path ?? ''}`, /^[!-~]+$/)
      const again = `${origin.tls ? 'https' : 'http'}://${hostHeader(origin)}${origin.path ?? ''}`
      assert.deepEqual(parseEndpoint(again), origin)
    }),
    { numRuns: 2000 },
  )
})
