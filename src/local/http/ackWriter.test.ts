import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { AckWriter } from './ackWriter.ts'

/** A response whose client takes each write when told to. */
class SlowResponse extends EventEmitter {
  readonly req = { socket: new EventEmitter() }
  readonly taken: string[] = []
  ended = false
  #pending: (() => void) | null = null

  write(text: string, done: () => void): boolean {
    assert.equal(this.#pending, null, 'a write before the one before was taken')
    this.taken.push(text)
    this.#pending = done
    return true
  }

  end(done: () => void): void {
    assert.equal(this.#pending, null)
    this.ended = true
    done()
  }

  take(): void {
    const done = this.#pending
    this.#pending = null
    done?.()
  }
}

function writer() {
  const response = new SlowResponse()
  const told: string[] = []
  const acks = new AckWriter(response as unknown as ServerResponse, {
    low: () => told.push('low'),
    ended: () => told.push('ended'),
    stuck: () => told.push('stuck'),
  })
  return { response, told, acks }
}

describe('acks', () => {
  it('go out one by one, each when the one before is taken, and then the end', () => {
    const { response, told, acks } = writer()
    for (const line of ['a\n', 'b\n', 'c\n']) acks.send(line)
    acks.end()
    acks.send('late\n')
    assert.deepEqual([response.taken, acks.waiting], [['a\n'], 2])
    response.take()
    assert.deepEqual([response.taken, response.ended], [['a\n', 'b\n'], false])
    response.take()
    response.take()
    assert.deepEqual([response.taken, response.ended], [['a\n', 'b\n', 'c\n'], true])
    acks.end()
    assert.deepEqual(told, ['ended'])
  })

  it('that a client never takes are given up, 5 s after the last of them', ({ mock }) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const { told, acks } = writer()
    acks.send('a\n')
    mock.timers.tick(60_000)
    acks.end()
    mock.timers.tick(4999)
    assert.deepEqual(told, [])
    mock.timers.tick(1)
    assert.deepEqual(told, ['stuck'])
    const { response, told: toldInTime, acks: taken } = writer()
    taken.send('a\n')
    taken.end()
    response.take()
    mock.timers.tick(60_000)
    assert.deepEqual(toldInTime, ['ended'])
    const { response: dropped, told: toldDropped, acks: lost } = writer()
    lost.end()
    dropped.emit('close')
    mock.timers.tick(60_000)
    assert.deepEqual(toldDropped, ['ended'])
  })

  it('that pile up are given up as well', () => {
    const { told, acks } = writer()
    const line = `${'x'.repeat(1023)}\n`
    for (let n = 0; n <= AckWriter.mostBytes / line.length + 1; n++) acks.send(line)
    assert.deepEqual(told, ['stuck'])
    assert.equal(acks.waiting, 0)
  })

  it('tell when a client that was behind has caught up', () => {
    const { response, told, acks } = writer()
    for (let n = 0; n <= AckWriter.highWater + 1; n++) acks.send('x\n')
    assert.ok(acks.waiting > AckWriter.highWater)
    while (acks.waiting > AckWriter.lowWater) {
      assert.deepEqual(told, [])
      response.take()
    }
    assert.deepEqual(told, ['low'])
  })
})
