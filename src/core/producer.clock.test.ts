import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KvsError } from './errors.ts'
import type { Frame } from './frame/frame.ts'
import { picture } from './testing/media.ts'
import { Rig } from './testing/rig.ts'

const hourMs = 3_600_000
const videoOnly = { tracks: [{ codec: 'h264' }] } as const

/** Pictures from `fromMs` to `toMs`, a key frame each second. */
function* pictures(fromMs: number, toMs: number): Generator<Frame> {
  for (let pts = fromMs; pts < toMs; pts += 100) {
    yield { track: 1, pts, dts: pts, data: picture(pts / 100, pts % 1000 === 0) }
  }
}

/** A rig whose clock is behind the service's by `behindMs`; `nowMs` is the service's time. */
function wrongBy(behindMs: number, options = {}) {
  const rig = new Rig({ ...videoOnly, ...options })
  const originMs = rig.clock.wallOriginMs
  const nowMs = () => originMs + Math.floor(rig.clock.monotonicMs())
  rig.clock.wallOriginMs -= behindMs
  rig.service.nowMs = nowMs
  return { rig, nowMs }
}

/** When a request was signed, by its own account. */
function signedMs(rig: Rig, session: number): number {
  const text = rig.service.sessions[session]?.head.headers.get('x-amz-date') ?? ''
  const time = `${text.slice(9, 11)}:${text.slice(11, 13)}:${text.slice(13)}`
  return Date.parse(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}T${time}`)
}

function assertNear(actualMs: number | undefined, expectedMs: number): void {
  assert.ok(Math.abs((actualMs ?? 0) - expectedMs) <= 1500, `${actualMs} is not ${expectedMs}`)
}

for (const behindMs of [3 * hourMs, -3 * hourMs, 120_000, -120_000]) {
  test(`a clock ${behindMs / 60_000} min behind: timecodes and signatures are in the service's time`, async () => {
    const { rig, nowMs } = wrongBy(behindMs)
    await rig.ready()
    const startMs = nowMs()
    await rig.play([...pictures(0, 3000)])
    const { exitStatus } = await rig.finish()
    assert.equal(exitStatus, 0)
    assertNear(rig.service.stored[0]?.timecodeMs, startMs)
    assertNear(signedMs(rig, 0), startMs)
    assert.equal(rig.of('warning').length, 1)
    assert.match(rig.of('warning')[0]?.message ?? '', /^the clock of this machine is (3 h|2 min) (behind|ahead of) the/)
  })

  test(`a clock ${behindMs / 60_000} min behind: what is put before the service has been asked moves along`, async () => {
    const { rig, nowMs } = wrongBy(behindMs)
    const startMs = nowMs()
    for (const frame of pictures(0, 2500)) assert.ok(rig.producer.putFrame(frame))
    rig.producer.start()
    await rig.clock.until(() => rig.of('stream').length > 0)
    for (const frame of pictures(2500, 5000)) await rig.put(frame)
    const { exitStatus, stats } = await rig.finish()
    assert.equal(exitStatus, 0)
    const [first, second, third, fourth, fifth] = rig.service.stored.map(({ timecodeMs }) => timecodeMs - startMs)
    assertNear(first, 0)
    const firstMs = first ?? 0
    assert.deepEqual(
      [second, third, fourth, fifth],
      [1000, 2000, 3000, 4000].map((ms) => ms + firstMs),
    )
    assert.deepEqual(rig.storedNumbers(), [...Array(50).keys()])
    assert.equal(stats.timesRepaired, 0)
    rig.assertSound()
  })
}

test('credentials that only a wrong clock takes for expired do', async () => {
  const { rig } = wrongBy(-3 * hourMs, {
    credentials: () =>
      Promise.resolve({
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'secret',
        sessionToken: 'token',
        expiration: new Date(Date.UTC(2026, 10, 22, 9)),
      }),
  })
  await rig.ready()
  await rig.play([...pictures(0, 1500)])
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(rig.of('retry').length, 0)
})

test('a start time that is given holds, whatever the service says', async () => {
  const { rig } = wrongBy(3 * hourMs, { ptsOriginMs: 1_700_000_000_000 })
  for (const frame of pictures(0, 1500)) rig.producer.putFrame(frame)
  rig.producer.start()
  await rig.finish()
  assert.equal(rig.service.stored[0]?.timecodeMs, 1_700_000_000_000)
})

test('a clock that differs by a second or two is left alone', async () => {
  const { rig, nowMs } = wrongBy(2000)
  await rig.ready()
  const startMs = nowMs()
  await rig.play([...pictures(0, 1500)])
  await rig.finish()
  assert.equal(rig.service.stored[0]?.timecodeMs, startMs - 2000)
  assert.equal(rig.of('warning').length, 0)
})

test('1970: says so, tries again until the clock is set, then streams in the time of day', async () => {
  const { rig, nowMs } = wrongBy(Date.UTC(2026, 10, 22, 8))
  const startMs = nowMs()
  const notYet = new KvsError('CERTIFICATE_TIME', 'the certificate of control.test:443 is not yet valid')
  rig.service.dial = () => (rig.clock.wallMs() < startMs ? notYet : undefined)
  rig.producer.start()
  for (const frame of pictures(0, 2500)) await rig.put(frame)
  await rig.clock.advance(2 * hourMs)
  assert.equal(rig.summary, undefined)
  assert.ok(rig.of('retry').length > 20)
  assert.ok(rig.of('retry').every(({ error }) => error.code === 'CERTIFICATE_TIME' && error.cure === 'set the clock'))
  rig.clock.wallOriginMs = startMs
  await rig.clock.until(() => rig.producer.stats.fragmentsPersisted > 0)
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(rig.of('warning').length, 0)
  assert.deepEqual(
    rig.service.stored.map(({ timecodeMs }) => timecodeMs),
    [startMs, startMs + 1000, startMs + 2000],
  )
})

test('a clock that is set right while media flows moves no timecode, and the next session is signed right', async () => {
  const { rig, nowMs } = wrongBy(3 * hourMs)
  await rig.ready()
  const startMs = nowMs()
  rig.service.cut = (number) => (number === 1 ? 20_000 : undefined)
  for (const frame of pictures(0, 60_000)) {
    if (frame.pts === 1500) rig.clock.wallOriginMs += 3 * hourMs
    await rig.put(frame)
    await rig.clock.advance(100)
  }
  const { exitStatus, stats } = await rig.finish()
  assert.equal(exitStatus, 0)
  assert.equal(stats.sessions, 2)
  assert.ok(signedMs(rig, 1) > startMs && signedMs(rig, 1) <= nowMs() + 1500)
  const timecodes = rig.service.stored.map(({ timecodeMs }) => timecodeMs)
  assert.deepEqual(
    [...new Set(timecodes)],
    [...Array(60).keys()].map((second) => (timecodes[0] ?? 0) + 1000 * second),
  )
  assert.equal(rig.of('warning').length, 1)
})

test('a clock that is spoilt while media flows moves no timecode, and is corrected for the next session', async () => {
  const { rig, nowMs } = wrongBy(0)
  await rig.ready()
  const startMs = nowMs()
  rig.service.cut = (number) => (number === 1 ? 20_000 : undefined)
  const skewed = { status: 403, type: 'InvalidSignatureException', message: 'Signature expired: now earlier' }
  rig.service.refuse = (operation) => {
    const wrong = rig.clock.wallMs() < nowMs() && rig.of('warning').length === 0
    return wrong && operation === 'putMedia' ? skewed : undefined
  }
  for (const frame of pictures(0, 60_000)) {
    if (frame.pts === 1500) rig.clock.wallOriginMs = 0
    await rig.put(frame)
    await rig.clock.advance(100)
  }
  const { exitStatus } = await rig.finish()
  assert.equal(exitStatus, 0)
  const timecodes = new Set(rig.service.stored.map(({ timecodeMs }) => timecodeMs))
  assert.deepEqual(
    [...timecodes],
    [...Array(60).keys()].map((second) => startMs + 1000 * second),
  )
  const last = rig.service.sessions.length - 1
  assert.ok(signedMs(rig, last) > startMs)
  assert.deepEqual(
    rig.of('retry').map(({ error }) => error.code),
    ['CONNECTION_LOST', 'CLOCK_SKEWED'],
  )
})
