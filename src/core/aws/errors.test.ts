import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, KvsError } from '../errors.ts'
import { utf8Bytes } from '../text.ts'
import { type Reaction, reactionTo, serviceError } from './errors.ts'

function refuse(status: number, type: string | undefined, body = '{"Message":"no"}', secrets: string[] = []): KvsError {
  const headers = new Map(type === undefined ? [] : [['x-amzn-errortype', type]])
  return serviceError('DescribeStream', { status, headers, body: utf8Bytes(body) }, secrets)
}

const decided: [status: number, type: string | undefined, message: string, code: ErrorCode, reaction: Reaction][] = [
  // Every exception of the service's model.
  [400, 'InvalidArgumentException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'ClientLimitExceededException', '', 'SERVICE_BUSY', 'retry'],
  [400, 'AccountStreamLimitExceededException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'DeviceStreamLimitExceededException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'InvalidDeviceException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'ResourceInUseException', '', 'SERVICE_BUSY', 'retry'],
  [400, 'TagsPerResourceExceededLimitException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'InvalidResourceFormatException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'VersionMismatchException', '', 'SERVICE_BUSY', 'retry'],
  [400, 'NoDataRetentionException', '', 'SERVICE_REFUSED', 'fatal'],
  [404, 'ResourceNotFoundException', '', 'STREAM_NOT_FOUND', 'notFound'],
  [401, 'NotAuthorizedException', '', 'ACCESS_DENIED', 'fatal'],
  [403, 'NotAuthorizedException', '', 'ACCESS_DENIED', 'fatal'],
  [401, 'AccessDeniedException', '', 'ACCESS_DENIED', 'fatal'],
  [403, 'AccessDeniedException', '', 'ACCESS_DENIED', 'fatal'],
  [400, 'InvalidEndpointException', '', 'SERVICE_REFUSED', 'refreshEndpoint'],
  [400, 'ConnectionLimitExceededException', '', 'SERVICE_BUSY', 'retry'],
  [400, 'UnsupportedStreamMediaTypeException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'MissingCodecPrivateDataException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'InvalidCodecPrivateDataException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'InvalidMediaFrameException', '', 'SERVICE_REFUSED', 'fatal'],
  // What every AWS API may answer.
  [400, 'IncompleteSignature', '', 'ACCESS_DENIED', 'fatal'],
  [500, 'InternalFailure', '', 'SERVICE_BUSY', 'retry'],
  [400, 'InvalidAction', '', 'SERVICE_REFUSED', 'fatal'],
  [404, 'UnknownOperationException', '', 'SERVICE_REFUSED', 'fatal'],
  [403, 'InvalidClientTokenId', '', 'ACCESS_DENIED', 'fatal'],
  [
    403,
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
    'ACCESS_DENIED',
    'fatal',
  ],
  [403, 'MissingAuthenticationToken', '', 'ACCESS_DENIED', 'fatal'],
  [403, 'MissingAuthenticationTokenException', '', 'ACCESS_DENIED', 'fatal'],
  [403, 'OptInRequired', '', 'ACCESS_DENIED', 'fatal'],
  [400, 'RequestExpired', '', 'CLOCK_SKEWED', 'refreshEndpoint'],
  [503, 'ServiceUnavailable', '', 'SERVICE_BUSY', 'retry'],
  [400, 'ThrottlingException', '', 'SERVICE_BUSY', 'retry'],
  [400, 'ValidationError', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'ValidationException', '', 'SERVICE_REFUSED', 'fatal'],
  [400, 'SerializationException', '', 'SERVICE_REFUSED', 'fatal'],
  [
    403,
    'ExpiredTokenException',
    'The security token included in the request is expired',
    'CREDENTIALS_EXPIRED',
    'refreshCredentials',
  ],
  [400, 'ExpiredToken', '', 'CREDENTIALS_EXPIRED', 'refreshCredentials'],
  [
    403,
    'UnrecognizedClientException',
    'The security token included in the request is expired',
    'CREDENTIALS_EXPIRED',
    'refreshCredentials',
  ],
  [403, 'InvalidSignatureException', 'The request signature we calculated does not match', 'ACCESS_DENIED', 'fatal'],
  [403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match', 'ACCESS_DENIED', 'fatal'],
  [
    403,
    'InvalidSignatureException',
    'Signature expired: 20150830T123600Z is now earlier than 20150830T130000Z',
    'CLOCK_SKEWED',
    'refreshEndpoint',
  ],
  [
    403,
    'InvalidSignatureException',
    'Signature not yet current: 20150830T123600Z is still later than …',
    'CLOCK_SKEWED',
    'refreshEndpoint',
  ],
  [403, 'SignatureDoesNotMatch', 'Signature expired: …', 'CLOCK_SKEWED', 'refreshEndpoint'],
  [403, 'RequestTimeTooSkewed', '', 'CLOCK_SKEWED', 'refreshEndpoint'],
  // Statuses without a name.
  [400, undefined, '', 'SERVICE_BUSY', 'retry'],
  [401, undefined, '', 'ACCESS_DENIED', 'refreshCredentials'],
  [403, undefined, '', 'ACCESS_DENIED', 'refreshCredentials'],
  [
    403,
    undefined,
    'User: arn:aws:iam::1:user/x is not authorized to perform: kinesisvideo:DescribeStream',
    'ACCESS_DENIED',
    'fatal',
  ],
  [
    403,
    undefined,
    'The security token included in the request is expired',
    'CREDENTIALS_EXPIRED',
    'refreshCredentials',
  ],
  [403, undefined, 'Signature expired: …', 'CLOCK_SKEWED', 'refreshEndpoint'],
  [404, undefined, '', 'STREAM_NOT_FOUND', 'notFound'],
  [406, undefined, '', 'SERVICE_REFUSED', 'fatal'],
  [408, undefined, '', 'TIMED_OUT', 'refreshEndpoint'],
  [504, undefined, '', 'TIMED_OUT', 'refreshEndpoint'],
  [598, undefined, '', 'TIMED_OUT', 'refreshEndpoint'],
  [599, undefined, '', 'TIMED_OUT', 'refreshEndpoint'],
  [500, undefined, '', 'SERVICE_BUSY', 'retry'],
  [501, undefined, '', 'SERVICE_REFUSED', 'fatal'],
  [502, undefined, '', 'SERVICE_BUSY', 'retry'],
  [503, undefined, '', 'SERVICE_BUSY', 'retry'],
  [409, undefined, '', 'SERVICE_BUSY', 'retry'],
  [429, undefined, '', 'SERVICE_BUSY', 'retry'],
  [301, undefined, '', 'SERVICE_REFUSED', 'fatal'],
  // Names that nobody has heard of.
  [400, 'BrandNewException', '', 'SERVICE_REFUSED', 'fatal'],
  [500, 'BrandNewException', '', 'SERVICE_BUSY', 'retry'],
]

for (const [status, type, message, code, reaction] of decided) {
  test(`${status} ${type ?? 'without a name'} ${message.slice(0, 24)}: ${code}, ${reaction}`, () => {
    const error = refuse(status, type, JSON.stringify({ Message: message }))
    assert.equal(error.code, code)
    assert.equal(reactionTo(error), reaction)
    assert.equal(error.aws, type)
    assert.equal(error.httpStatus, status)
    assert.ok(error.message.includes(message))
    assert.ok(error.message.includes(String(status)))
  })
}

test('errors of the connection have a reaction too', () => {
  const reactions: [ErrorCode, Reaction][] = [
    ['CONNECT_FAILED', 'refreshEndpoint'],
    ['NAME_NOT_FOUND', 'refreshEndpoint'],
    ['TLS_FAILED', 'refreshEndpoint'],
    ['TIMED_OUT', 'refreshEndpoint'],
    ['CONNECTION_LOST', 'retry'],
    ['HTTP_INVALID', 'retry'],
    ['CERTIFICATE_TIME', 'retry'],
    ['CLOCK_SKEWED', 'refreshEndpoint'],
    ['FRAGMENT_REFUSED', 'retry'],
    ['CONFIGURATION', 'fatal'],
    ['NO_CREDENTIALS', 'fatal'],
    ['STOPPED', 'fatal'],
    ['INTERNAL', 'fatal'],
  ]
  for (const [code, reaction] of reactions) assert.equal(reactionTo(new KvsError(code, 'x')), reaction, code)
  assert.equal(reactionTo(new KvsError('FRAGMENT_REFUSED', 'x', { retry: false })), 'fatal')
})

test('where the name stands, and what may be around it', () => {
  const named = (headers: [string, string][], body: string) =>
    serviceError('X', { status: 400, headers: new Map(headers), body: utf8Bytes(body) }).aws
  assert.equal(
    named([['x-amzn-errortype', 'InvalidSignatureException:http://internal.amazon.com/coral/']], '{}'),
    'InvalidSignatureException',
  )
  assert.equal(named([['x-amz-errortype', 'A']], '{}'), 'A')
  assert.equal(named([['x-amzn-errortype', 'A']], '{"__type":"B","code":"C"}'), 'A')
  assert.equal(named([], '{"__type":"com.amazon.coral.service#B","code":"C"}'), 'B')
  assert.equal(named([], '{"code":"C"}'), 'C')
  assert.equal(
    named([], '{"Output":{"__type":"com.amazon.coral.service#SerializationException","Message":null},"Version":"1.0"}'),
    'SerializationException',
  )
  assert.equal(named([['x-amzn-errortype', 'a b\u001b[31m']], '{}'), undefined)
  assert.equal(named([], 'null'), undefined)
})

test('an answer in XML of a host that does not know the operation', () => {
  const error = refuse(
    403,
    undefined,
    '<AccessDeniedException>\n <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>',
  )
  assert.equal(error.code, 'SERVICE_REFUSED')
  assert.match(error.message, /: Unable to determine service\/operation name to be authorized$/)
  assert.match(error.cure, /--endpoint/)
})

test('the message is one short line, without what the service repeats of the request', () => {
  const token = 'IQoJb3JpZ2luX2VjEXAMPLE//////////'
  const echo = `The request signature we calculated does not match.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:${token}\n'`
  const signature = refuse(403, 'InvalidSignatureException', JSON.stringify({ Message: echo }))
  assert.match(signature.message, /does not match\.$/)
  assert.equal(
    refuse(403, 'X', JSON.stringify({ message: `bad X-Amz-Security-Token: ${token}` })).message.includes(token),
    false,
  )
  assert.match(
    refuse(403, 'X', JSON.stringify({ message: `token ${token} is bad, ${token}` }), [token, '']).message,
    /: token … is bad, …$/,
  )
  assert.match(refuse(400, 'X', JSON.stringify({ message: 'a\u001b[31m\r\n\u0000b\u2028c' })).message, /: a \[31m b c$/)
  assert.ok(refuse(400, 'X', JSON.stringify({ message: 'a'.repeat(5000) })).message.length < 400)
  assert.match(refuse(400, 'X', JSON.stringify({ Message: null })).message, /\(HTTP status 400\)$/)
})

test('whatever the answer, the error is short, on one line, and has a reaction', () => {
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.json().map(utf8Bytes),
    fc.string({ unit: 'binary' }).map((message) => utf8Bytes(JSON.stringify({ Message: message, __type: message }))),
  )
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 999 }), bodies, fc.string({ unit: 'binary' }), (status, body, type) => {
      const error = serviceError('X', { status, headers: new Map([['x-amzn-errortype', type]]), body })
      assert.ok(error.message.length < 500)
      for (const char of error.message) assert.ok(char >= ' ' && char !== '\x7f')
      assert.ok(['retry', 'refreshEndpoint', 'refreshCredentials', 'notFound', 'fatal'].includes(reactionTo(error)))
    }),
    { numRuns: 1000 },
  )
})
