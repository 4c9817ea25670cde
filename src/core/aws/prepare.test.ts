import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from '../errors.ts'
import { Cancellation } from './cancellation.ts'
import { activeTimeoutMs, type PrepareOptions, prepareStream } from './prepare.ts'
import { type FakeAnswer, FakeControlPlane, type FakeRequest, passTime } from './testing/fakeControlPlane.ts'

const fails = (code: string, retry: boolean) => (error: unknown) =>
  error instanceof KvsError && error.code === code && error.retry === retry

interface World {
  /** What DescribeStream says, one after the other; the last one for ever. Null: 404. */
  readonly statuses: (string | null)[]
  readonly retentionHours?: number
  readonly mediaType?: string | null
  readonly tags?: Record<string, string>
  readonly answers?: Record<string, FakeAnswer>
}

function world({
  statuses,
  retentionHours = 24,
  mediaType = 'video/h264',
  tags = {},
  answers = {},
}: World): FakeControlPlane {
  const left = statuses.slice()
  return new FakeControlPlane(({ path }: FakeRequest) => {
    const special = answers[path]
    if (special !== undefined) return special
    if (path === '/createStream') return { body: { StreamARN: 'arn' } }
    if (path === '/tagStream') return {}
    if (path === '/listTagsForStream') return { body: { Tags: tags } }
    const status = left.length > 1 ? left.shift() : left[0]
    if (status === null || status === undefined) return { status: 404, type: 'ResourceNotFoundException' }
    const info = {
      StreamARN: 'arn',
      StreamName: 's',
      Status: status,
      DataRetentionInHours: retentionHours,
      MediaType: mediaType,
    }
    return { body: { StreamInfo: info } }
  })
}

const prepare = (fake: FakeControlPlane, more: Partial<PrepareOptions> = {}) =>
  passTime(
    fake.clock,
    prepareStream(fake.controlPlane(), {
      name: 's',
      create: true,
      retentionHours: 24,
      mediaType: 'video/h264',
      defaults: { retentionHours: 2, mediaType: 'video/h264' },
      clock: fake.clock,
      ...more,
    }),
  )

test('a stream that is there and as asked for: one call', async () => {
  const fake = world({ statuses: ['ACTIVE'] })
  assert.deepEqual(await prepare(fake), {
    arn: 'arn',
    retentionHours: 24,
    mediaType: 'video/h264',
    status: 'ACTIVE',
    created: false,
    warnings: [],
  })
  assert.deepEqual(fake.paths, ['/describeStream'])
  assert.equal(fake.clock.pending, 0)
})

test('what differs is said, and what the stream says holds', async () => {
  const prepared = await prepare(world({ statuses: ['ACTIVE'], retentionHours: 0, mediaType: 'video/h265' }))
  assert.equal(prepared.retentionHours, 0)
  assert.equal(prepared.warnings.length, 2)
  assert.match(prepared.warnings[0] ?? '', /0 hours, not 24/)
  assert.match(prepared.warnings[1] ?? '', /video\/h265, not video\/h264/)
  const silent = await prepare(world({ statuses: ['ACTIVE'], mediaType: null }))
  assert.deepEqual(silent.warnings, [])
})

test('a stream that is missing is created with everything, and waited for', async () => {
  const fake = world({ statuses: [null, null, 'CREATING', 'CREATING', 'ACTIVE'] })
  const prepared = await prepare(fake, { tags: { a: 'b' }, kmsKeyId: 'k' })
  assert.equal(prepared.created, true)
  assert.deepEqual(fake.paths, ['/describeStream', '/createStream', ...Array(4).fill('/describeStream')])
  assert.deepEqual(fake.requests[1]?.input, {
    StreamName: 's',
    DataRetentionInHours: 24,
    MediaType: 'video/h264',
    KmsKeyId: 'k',
    Tags: { a: 'b' },
  })
  // 250 + 500 + 1000 ms.
  assert.ok(fake.clock.monotonicMs() >= 1750 && fake.clock.monotonicMs() < 1900)
})

test('a stream that is missing and not to be created: the region is named', async () => {
  const fake = world({ statuses: [null] })
  await assert.rejects(prepare(fake, { create: false }), (error) => {
    assert.ok(fails('STREAM_NOT_FOUND', false)(error) && error instanceof KvsError)
    assert.match(error.message, /"s" in region us-west-2/)
    assert.match(error.cure, /--no-create/)
    return true
  })
  assert.deepEqual(fake.paths, ['/describeStream'])
})

test('somebody else creates it in the same moment', async () => {
  const answers = { '/createStream': { status: 400, type: 'ResourceInUseException' } }
  const fake = world({ statuses: [null, 'CREATING', 'ACTIVE'], answers })
  const prepared = await prepare(fake, { tags: { a: 'b' } })
  assert.equal(prepared.created, false)
  assert.equal(fake.paths.at(-1), '/tagStream', 'the other has not set our tags')
})

test('UPDATING is waited for; DELETING is an end, or worth retrying where the stream may be created', async () => {
  assert.equal((await prepare(world({ statuses: ['UPDATING', 'UPDATING', 'ACTIVE'] }))).status, 'ACTIVE')
  for (const create of [true, false]) {
    for (const statuses of [['DELETING'], ['UPDATING', 'DELETING']]) {
      await assert.rejects(prepare(world({ statuses }), { create }), fails('SERVICE_REFUSED', create))
    }
  }
})

test('a stream that does not become ACTIVE: a minute, then worth retrying', async () => {
  const fake = world({ statuses: ['CREATING'] })
  await assert.rejects(prepare(fake), fails('TIMED_OUT', true))
  assert.ok(fake.clock.monotonicMs() <= activeTimeoutMs && fake.clock.monotonicMs() > activeTimeoutMs - 3000)
  assert.ok(fake.requests.length > 30 && fake.requests.length < 36, 'every two seconds in the end')
  assert.equal(fake.clock.pending, 0)
})

test('tags of a stream that exists: set only where they differ', async () => {
  const same = world({ statuses: ['ACTIVE'], tags: { a: 'b', more: 'x' } })
  await prepare(same, { tags: { a: 'b' } })
  assert.deepEqual(same.paths, ['/describeStream', '/listTagsForStream'])
  const other = world({ statuses: ['ACTIVE'], tags: { a: 'c' } })
  await prepare(other, { tags: { a: 'b' } })
  assert.deepEqual(other.requests.at(-1)?.input, { StreamARN: 'arn', Tags: { a: 'b' } })
  const none = world({ statuses: ['ACTIVE'] })
  await prepare(none, { tags: {} })
  assert.deepEqual(none.paths, ['/describeStream'])
})

test('tags that may not be read are set, tags that may not be set are a warning, a busy service is an error', async () => {
  const denied = { status: 403, type: 'AccessDeniedException', body: { Message: 'not authorized' } }
  const blind = world({ statuses: ['ACTIVE'], answers: { '/listTagsForStream': denied } })
  assert.deepEqual((await prepare(blind, { tags: { a: 'b' } })).warnings, [])
  assert.equal(blind.paths.at(-1), '/tagStream')
  const mute = world({ statuses: ['ACTIVE'], answers: { '/tagStream': denied } })
  assert.match((await prepare(mute, { tags: { a: 'b' } })).warnings[0] ?? '', /not been tagged: .*not authorized/)
  for (const path of ['/listTagsForStream', '/tagStream']) {
    const busy = world({ statuses: ['ACTIVE'], answers: { [path]: { status: 503 } } })
    await assert.rejects(prepare(busy, { tags: { a: 'b' } }), fails('SERVICE_BUSY', true))
  }
})

test('other failures go to the caller as they are', async () => {
  const limited = { status: 400, type: 'ClientLimitExceededException' }
  const denied = { status: 403, type: 'AccessDeniedException' }
  const quota = { status: 400, type: 'AccountStreamLimitExceededException' }
  await assert.rejects(
    prepare(world({ statuses: [null], answers: { '/describeStream': limited } })),
    fails('SERVICE_BUSY', true),
  )
  await assert.rejects(
    prepare(world({ statuses: [null], answers: { '/describeStream': denied } })),
    fails('ACCESS_DENIED', false),
  )
  await assert.rejects(
    prepare(world({ statuses: [null], answers: { '/createStream': quota } })),
    fails('SERVICE_REFUSED', false),
  )
})

test('called off: before it begins, while it waits, and nothing stays behind', async () => {
  const early = world({ statuses: ['ACTIVE'] })
  const before = new Cancellation()
  before.abort()
  await assert.rejects(prepare(early, { cancel: before }), fails('STOPPED', false))
  assert.deepEqual(early.paths, [])
  const fake = world({ statuses: ['CREATING'] })
  const cancel = new Cancellation()
  fake.clock.setTimer(10_000, () => cancel.abort())
  await assert.rejects(prepare(fake, { cancel }), fails('STOPPED', false))
  assert.ok(fake.clock.monotonicMs() >= 10_000 && fake.clock.monotonicMs() < 10_100)
  assert.equal(fake.clock.pending, 0)
})

test('no listener stays on the signal', async () => {
  const listeners = new Set<() => void>()
  const cancel = {
    aborted: false,
    addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
  }
  await prepare(world({ statuses: ['CREATING', 'CREATING', 'ACTIVE'] }), { cancel })
  assert.equal(listeners.size, 0)
})
