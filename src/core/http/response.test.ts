import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../errors.ts'
import { utf8Bytes, utf8Text } from '../text.ts'
import { chunkLineLimitBytes, headLimitBytes, ResponseParser } from './response.ts'

/** What a parser says of pieces, then of the end: body pieces joined, errors as their code. */
function read(pieces: readonly (string | Uint8Array)[], method = 'POST', end = true) {
  const events: string[] = []
  let body = ''
  let used = 0
  const flush = () => {
    if (body !== '') events.push(`body ${body}`)
    body = ''
  }
  const parser = new ResponseParser(method, {
    onContinue: (status) => events.push(`continue ${status}`),
    onHead: ({ status, headers, keepAlive, dateMs }) => {
      const fields = [...headers].map(([name, value]) => `${name}=${value}`).join('|')
      events.push(`head ${status} ${keepAlive ? 'keep' : 'close'} ${dateMs ?? '-'} ${fields}`)
    },
    onBody: (bytes) => {
      assert.ok(bytes.length > 0)
      for (const byte of bytes) body += String.fromCharCode(byte)
    },
    onEnd: () => {
      flush()
      events.push('end')
    },
  })
  try {
    for (const piece of pieces) used += parser.push(typeof piece === 'string' ? utf8Bytes(piece) : piece)
    if (end) parser.end()
  } catch (error) {
    if (!(error instanceof KvsError)) throw error
    flush()
    events.push(error.code)
  }
  flush()
  return { events, used, done: parser.done }
}

const ok = 'HTTP/1.1 200 OK\r\n'

test('a body by its length, and what follows is left alone', () => {
  const text = `${ok}Content-Length: 5\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhello`
  const { events, used, done } = read([`${text}HTTP/1.1`])
  assert.deepEqual(events, [
    'head 200 keep 784111777000 content-length=5|date=Sun, 06 Nov 1994 08:49:37 GMT',
    'body hello',
    'end',
  ])
  assert.equal(used, text.length)
  assert.ok(done)
})

test('chunks with extensions and trailers, upper and lower case', () => {
  const { events } = read([
    `${ok}transfer-encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n00A \t;x\r\n, world!!!\r\n0\r\nx-trailer: y\r\n\r\n`,
  ])
  assert.deepEqual(events, ['head 200 keep - transfer-encoding=Chunked', 'body hello, world!!!', 'end'])
})

test('interim responses are told and passed over', () => {
  const { events } = read([
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
  ])
  assert.deepEqual(events, ['continue 100', 'continue 103', 'head 204 keep - ', 'end'])
})

test('a body up to the end of the connection', () => {
  assert.deepEqual(read([`${ok}\r\nhello`]).events, ['head 200 close - ', 'body hello', 'end'])
  assert.deepEqual(read([`${ok}\r\n`]).events, ['head 200 close - ', 'end'])
})

test('responses without a body whatever they say', () => {
  const headers = 'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n'
  for (const [method, status] of [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const) {
    assert.deepEqual(read([`HTTP/1.1 ${status} x\r\n${headers}`], method).events.slice(1), ['end'])
  }
  assert.deepEqual(read([`${ok}content-length: 0\r\n\r\n`]).events, ['head 200 keep - content-length=0', 'end'])
})

test('bare line feeds, no reason, folded and repeated headers, an empty line first', () => {
  const { events } = read(['\r\nHTTP/1.1 200\nA: 1\na:  2 \nb: x\n  y\n\tz\nContent-Length: 2, 2\n\nok'])
  assert.deepEqual(events, ['head 200 keep - a=1, 2|b=x y z|content-length=2, 2', 'body ok', 'end'])
})

test('when a connection may be used again', () => {
  const keep = (head: string) => read([`${head}content-length: 0\r\n\r\n`]).events[0]?.split(' ')[2]
  assert.equal(keep(ok), 'keep')
  assert.equal(keep(`${ok}connection: x, Close\r\n`), 'close')
  assert.equal(keep('HTTP/1.0 200 OK\r\n'), 'close')
  assert.equal(keep('HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n'), 'keep')
  assert.equal(keep(`${ok}transfer-encoding: chunked\r\n`), 'close')
})

const broken: [string, string][] = [
  ['not HTTP', 'SSH-2.0-x\r\n'],
  ['HTTP/2', 'HTTP/2.0 200 OK\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n'],
  ['a status below 100', 'HTTP/1.1 099 OK\r\n'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['a header without a colon', `${ok}abc\r\n`],
  ['a header without a name', `${ok}: abc\r\n`],
  ['a space before the colon', `${ok}a : abc\r\n`],
  ['NUL in a header', `${ok}a: \0\r\n`],
  ['a carriage return in a header', `${ok}a: b\rc\r\n`],
  ['a fold of nothing', `${ok} a: b\r\n`],
  ['a length that is no number', `${ok}content-length: 1a\r\n\r\n`],
  ['a negative length', `${ok}content-length: -1\r\n\r\n`],
  ['two lengths', `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\n`],
  ['a huge length', `${ok}content-length: 99999999999999999999\r\n\r\n`],
  ['another coding', `${ok}transfer-encoding: gzip, chunked\r\n\r\n`],
  ['a chunk without a size', `${ok}transfer-encoding: chunked\r\n\r\n\r\n`],
  ['a chunk with a sign', `${ok}transfer-encoding: chunked\r\n\r\n+1\r\n`],
  ['a chunk with a space first', `${ok}transfer-encoding: chunked\r\n\r\n 1\r\n`],
  ['a huge chunk', `${ok}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n`],
  ['a chunk longer than it says', `${ok}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n`],
  ['a long chunk line', `${ok}transfer-encoding: chunked\r\n\r\n1;${'a'.repeat(chunkLineLimitBytes)}\r\n`],
  ['a long header', `${ok}a: ${'a'.repeat(headLimitBytes)}`],
  ['many headers', ok + 'a: b\r\n'.repeat(headLimitBytes / 6)],
  ['endless interim responses', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2000)],
  ['endless trailers', `${ok}transfer-encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(headLimitBytes / 6)}`],
]

for (const [name, text] of broken) {
  test(`refused: ${name}`, () => {
    assert.equal(read([text]).events.at(-1), 'HTTP_INVALID')
  })
}

test('the longest chunk line and the longest head are taken', () => {
  const line = `1;${'a'.repeat(chunkLineLimitBytes - 3)}\r\n`
  assert.equal(read([`${ok}transfer-encoding: chunked\r\n\r\n${line}x\r\n0\r\n\r\n`]).events.at(-1), 'end')
  const rest = headLimitBytes - ok.length - 'a: \r\ncontent-length: 0\r\n\r\n'.length
  const head = (bytes: number) => `${ok}a: ${'a'.repeat(bytes)}\r\ncontent-length: 0\r\n\r\n`
  assert.equal(read([head(rest)]).events.at(-1), 'end')
  assert.equal(read([head(rest + 1)]).events.at(-1), 'HTTP_INVALID')
})

test('lines of any length', () => {
  for (let length = 240; length < 530; length++) {
    const line = `a: ${'b'.repeat(length)}`
    const text = `${ok}${line}\r\ncontent-length: 0\r\n\r\n`
    const expected = `head 200 keep - a=${'b'.repeat(length)}|content-length=0`
    assert.equal(read([text]).events[0], expected)
    assert.equal(read([text.slice(0, length), text.slice(length)]).events[0], expected)
  }
})

test('a connection that ends too early is lost', () => {
  for (const text of [
    '',
    'HTTP/1.1 200',
    ok,
    `${ok}content-length: 5\r\n\r\nhell`,
    `${ok}transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n`,
  ]) {
    assert.equal(read([text]).events.at(-1), 'CONNECTION_LOST')
  }
})

const bodyText = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '0', '{', ';'), maxLength: 40 })
const chunked = fc
  .tuple(
    fc.array(
      bodyText.filter((text) => text !== ''),
      { maxLength: 4 },
    ),
    fc.constantFrom('', ';x=y', ' ;z'),
    fc.constantFrom('', 'a: b\r\n'),
  )
  .map(([chunks, extension, trailer]) => {
    const body = chunks.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`).join('')
    return `transfer-encoding: chunked\r\n\r\n${body}0\r\n${trailer}\r\n`
  })
const response = fc
  .tuple(
    fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 102 x\n\n'),
    fc.constantFrom(ok, 'HTTP/1.0 404\n', 'HTTP/1.1 500 Internal Server Error\r\n'),
    fc.constantFrom('', 'a: b\r\n c\r\n', 'Connection: close\n'),
    fc.oneof(
      chunked,
      bodyText.map((text) => `content-length: ${text.length}\r\n\r\n${text}`),
      bodyText.map((text) => `\r\n${text}`),
    ),
  )
  .map((parts) => utf8Bytes(parts.join('')))

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((to, index) => bytes.slice(at[index], to))
}

test('any split of the bytes gives the same events', () => {
  fc.assert(
    fc.property(response, fc.array(fc.nat(), { maxLength: 8 }), (bytes, cuts) => {
      const whole = read([bytes])
      assert.equal(whole.events.at(-1), 'end')
      assert.deepEqual(read(split(bytes, cuts)), whole)
      assert.deepEqual(read([...bytes].map((byte) => Uint8Array.of(byte))), whole)
    }),
    { numRuns: 500 },
  )
})

test('mutated and arbitrary bytes end in an answer or the documented error, however they are cut', () => {
  const mutated = fc
    .tuple(response, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }))
    .map(([bytes, changes]) => {
      const copy = bytes.slice()
      for (const [at, value] of changes) copy[at % copy.length] = value
      return copy
    })
  fc.assert(
    fc.property(
      fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })),
      fc.array(fc.nat(), { maxLength: 4 }),
      (bytes, cuts) => {
        const whole = read([bytes])
        assert.ok(['end', 'HTTP_INVALID', 'CONNECTION_LOST'].includes(whole.events.at(-1) ?? ''))
        assert.deepEqual(read(split(bytes, cuts)).events, whole.events)
      },
    ),
    { numRuns: 2000 },
  )
})

test('the body is handed on without a copy', () => {
  const bytes = utf8Bytes('hello')
  let seen: Uint8Array | undefined
  const parser = new ResponseParser('GET', {
    onContinue: () => undefined,
    onHead: () => undefined,
    onBody: (piece) => {
      seen = piece
    },
    onEnd: () => undefined,
  })
  parser.push(utf8Bytes(`${ok}\r\n`))
  parser.push(bytes)
  assert.equal(seen?.buffer, bytes.buffer)
  assert.equal(utf8Text(seen ?? new Uint8Array()), 'hello')
})
