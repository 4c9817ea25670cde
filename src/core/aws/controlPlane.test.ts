import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import { failsWith } from '../testing/failsWith.ts'
import { type FakeAnswer, FakeControlPlane, type FakeRequest } from './testing/fakeControlPlane.ts'

const service = (answer: FakeAnswer | ((request: FakeRequest) => FakeAnswer)) =>
  new FakeControlPlane(typeof answer === 'function' ? answer : () => answer)

// As the service has answered it, with its nulls and its way to write numbers.
const described =
  '{"StreamInfo":{"CreationTime":1.705489836421E9,"DataRetentionInHours":24,"DeviceName":null,"IngestionConfiguration":null,"KmsKeyId":"arn:aws:kms:us-east-1:111111111111:alias/aws/kinesisvideo","MediaType":null,"Status":"ACTIVE","StreamARN":"arn:aws:kinesisvideo:us-east-1:111111111111:stream/camera_101/1705489836421","StreamName":"camera_101","Version":"davN9FKg4vjyKdCSs0f4"}}'

test('DescribeStream as the service answers it', async () => {
  const fake = service({ body: described })
  const info = await fake.controlPlane().describeStream('camera_101')
  assert.deepEqual(info, {
    name: 'camera_101',
    arn: 'arn:aws:kinesisvideo:us-east-1:111111111111:stream/camera_101/1705489836421',
    status: 'ACTIVE',
    retentionHours: 24,
  })
  const [request] = fake.requests
  assert.equal(`${request?.method} ${request?.path}`, 'POST /describeStream')
  assert.equal(request?.headers['content-type'], 'application/json')
  assert.equal(request?.headers['user-agent'], 'kvs-producer/0 (test)')
  assert.deepEqual(request?.input, { StreamName: 'camera_101' })
})

test('a reply without what is needed, or that is no JSON, is not the service', async () => {
  for (const body of [
    '',
    '{}',
    '{"StreamInfo":null}',
    '{"StreamInfo":{"StreamARN":"a"}}',
    '{"StreamInfo":{"Status":"ACTIVE"}}',
    '<html>',
    '[]',
  ]) {
    await assert.rejects(service({ body }).controlPlane().describeStream('s'), failsWith('HTTP_INVALID'), body)
  }
  await assert.rejects(
    service({}).controlPlane().createStream({ name: 's', retentionHours: 0 }),
    failsWith('HTTP_INVALID'),
  )
  await assert.rejects(service({}).controlPlane().getDataEndpoint('s', 'PUT_MEDIA'), failsWith('HTTP_INVALID'))
})

test('CreateStream sends what is given and nothing else', async () => {
  const fake = service({ body: { StreamARN: 'arn' } })
  const controlPlane = fake.controlPlane()
  assert.equal(await controlPlane.createStream({ name: 's', retentionHours: 0, mediaType: undefined, tags: {} }), 'arn')
  await controlPlane.createStream({
    name: 's',
    retentionHours: 24,
    mediaType: 'video/h264',
    kmsKeyId: 'k',
    tags: { a: 'b' },
  })
  assert.deepEqual(fake.paths, ['/createStream', '/createStream'])
  assert.deepEqual(
    fake.requests.map(({ input }) => input),
    [
      { StreamName: 's', DataRetentionInHours: 0 },
      { StreamName: 's', DataRetentionInHours: 24, MediaType: 'video/h264', KmsKeyId: 'k', Tags: { a: 'b' } },
    ],
  )
})

test('tags: set as a map, listed page by page', async () => {
  const fake = service(({ input }) =>
    input['NextToken'] === 'n'
      ? { body: { Tags: { c: 'd', e: null } } }
      : { body: { Tags: { a: 'b' }, NextToken: 'n' } },
  )
  const controlPlane = fake.controlPlane()
  await controlPlane.tagStream('arn', { a: 'b' })
  assert.deepEqual(
    [...(await controlPlane.listTagsForStream('arn'))],
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  )
  assert.deepEqual(fake.paths, ['/tagStream', '/listTagsForStream', '/listTagsForStream'])
  assert.deepEqual(fake.requests[0]?.input, { StreamARN: 'arn', Tags: { a: 'b' } })
  const endless = service({ body: { Tags: { a: 'b' }, NextToken: 'n' } })
  assert.equal((await endless.controlPlane().listTagsForStream('arn')).size, 1)
  assert.ok(endless.requests.length < 100)
})

test('GetDataEndpoint gives an origin', async () => {
  const fake = service({ body: { DataEndpoint: 'https://s-1a2b3c4d.kinesisvideo.us-west-2.amazonaws.com' } })
  const origin = await fake.controlPlane().getDataEndpoint('s', 'PUT_MEDIA')
  assert.deepEqual(origin, { host: 's-1a2b3c4d.kinesisvideo.us-west-2.amazonaws.com', port: 443, tls: true })
  assert.deepEqual(fake.requests[0]?.input, { StreamName: 's', APIName: 'PUT_MEDIA' })
})

test('every request is signed, also behind a path and a port', async () => {
  const temporary = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'IQoJ+/=' }
  const fake = service({ body: described })
  await fake.controlPlane('https://localhost:8443/base', temporary).describeStream('s')
  const [request] = fake.requests
  assert.equal(request?.path, '/base/describeStream')
  assert.equal(request?.headers['host'], 'localhost:8443')
  assert.equal(request?.headers['x-amz-security-token'], temporary.sessionToken)
  const signed = /SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token,/
  assert.match(request?.headers['authorization'] ?? '', signed)
})

test('refusals are errors of this package, without the session token', async () => {
  const token = 'IQoJb3JpZ2luX2VjEXAMPLE'
  const fake = service({ status: 403, type: 'X', body: { Message: `bad token ${token} and wJalrXUtnFEMI/K7MDENG` } })
  const controlPlane = fake.controlPlane(undefined, {
    accessKeyId: 'A',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG',
    sessionToken: token,
  })
  await assert.rejects(controlPlane.describeStream('s'), (error) => {
    assert.ok(error instanceof KvsError)
    assert.equal(error.code, 'ACCESS_DENIED')
    assert.doesNotMatch(error.explain(), /IQoJ|wJal/)
    return true
  })
  assert.equal(fake.requests.length, 1)
})

const httpDate = (ms: number) => new Date(ms).toUTCString()

/** Refuses requests that are signed more than 15 minutes off, as the service does. */
function strict(serviceOffsetMs: number, withDate = true): FakeControlPlane {
  const fake: FakeControlPlane = service(({ headers }) => {
    const nowMs = fake.clock.wallMs() + serviceOffsetMs
    const date = withDate ? { date: httpDate(nowMs) } : {}
    const text = headers['x-amz-date'] ?? ''
    const iso = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 11)}:${text.slice(11, 13)}:${text.slice(13)}`
    if (Math.abs(Date.parse(iso) - nowMs) <= 15 * 60_000) return { body: described, ...date }
    return {
      status: 403,
      type: 'InvalidSignatureException',
      body: { Message: 'Signature expired: x is now earlier than y' },
      ...date,
    }
  })
  return fake
}

test('a clock that is wrong: once more with the time of the service, which is kept', async () => {
  for (const offsetMs of [3_600_000, -3_600_000, 20 * 365 * 86_400_000]) {
    const fake = strict(offsetMs)
    const controlPlane = fake.controlPlane()
    await controlPlane.describeStream('s')
    await controlPlane.describeStream('s')
    assert.equal(fake.requests.length, 3)
    assert.ok(Math.abs(fake.time.nowMs() - fake.clock.wallMs() - offsetMs) <= 1000)
  }
})

test('a clock that is wrong by less than the service minds: the next request is dated right', async () => {
  const fake = strict(120_000)
  const controlPlane = fake.controlPlane()
  await controlPlane.describeStream('s')
  await controlPlane.describeStream('s')
  const [first, second] = fake.requests.map(({ headers }) => headers['x-amz-date'])
  assert.equal(first, '20261122T080000Z')
  assert.equal(second, '20261122T080200Z')
})

test('a complaint of the clock without a remedy is not repeated', async () => {
  const unsaid = strict(3_600_000, false)
  await assert.rejects(unsaid.controlPlane().describeStream('s'), failsWith('CLOCK_SKEWED'))
  assert.equal(unsaid.requests.length, 1)
  const stubborn = service(() => ({
    status: 400,
    type: 'RequestExpired',
    date: httpDate(stubborn.clock.wallMs() + 3_600_000),
  }))
  const controlPlane = stubborn.controlPlane()
  await assert.rejects(controlPlane.describeStream('s'), failsWith('CLOCK_SKEWED'))
  assert.equal(stubborn.requests.length, 2)
  await assert.rejects(controlPlane.describeStream('s'), failsWith('CLOCK_SKEWED'))
  assert.equal(stubborn.requests.length, 3)
  const small = service(() => ({ status: 400, type: 'RequestExpired', date: httpDate(small.clock.wallMs() + 2000) }))
  await assert.rejects(small.controlPlane().describeStream('s'), failsWith('CLOCK_SKEWED'))
  assert.equal(small.requests.length, 1)
})

test('without credentials nothing is sent; after close nothing either', async () => {
  const fake = service({ body: described })
  const controlPlane = fake.controlPlane()
  await controlPlane.describeStream('s')
  controlPlane.close()
  await assert.rejects(controlPlane.describeStream('s'), failsWith('STOPPED'))
  assert.equal(fake.requests.length, 1)
  assert.equal(fake.clock.pending, 0)
})
