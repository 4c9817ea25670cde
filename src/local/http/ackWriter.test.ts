import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { AckWriter } from './ackWriter.ts'

/** A response whose client takes each write when told to. */
class SlowResponse {
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
  const acks = new AckWriter(
    response as unknown as ServerResponse,
    () => told.push('low'),
    () => told.push('ended'),
  )
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
