import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KvsError } from '../core/errors.ts'
import { streamCommand } from './commands/stream.ts'
import { streamOptions } from './commands/streamOptions.ts'
import { helpText } from './help.ts'
import { type Option, type Options, parseOptions } from './options.ts'
import { levelOf, says } from './report/level.ts'

function parse(args: string, env: Readonly<Record<string, string>> = {}, table = streamOptions): Options {
  return parseOptions(table, args === '' ? [] : args.split(' '), (name) => env[name])
}

function refusal(args: string, env: Readonly<Record<string, string>> = {}): KvsError {
  try {
    parse(args, env)
  } catch (error) {
    if (error instanceof KvsError && error.code === 'USAGE') return error
    throw error
  }
  return assert.fail(`"${args}" is taken`)
}

test("the original's defaults", () => {
  const options = parse('')
  const texts = ['channel-name', 'directory', 'duration', 'size', 'region', 'retention-period'].map((name) =>
    options.text(name),
  )
  assert.deepEqual(texts, ['your-kvs-name', '../', '600', '2048', 'us-west-2', undefined])
  assert.equal(options.origin('channel-name'), 'default')
  assert.equal(options.has('endpoint'), false)
  assert.equal(options.flag('json'), false)
})

test('every form of an option', () => {
  for (const args of ['--size 4096', '--size=4096', '-s 4096', '-s4096']) {
    const options = parse(args)
    assert.equal(options.number('size'), 4096, args)
    assert.equal(options.origin('size'), args.startsWith('--') ? '--size' : '-s')
  }
  assert.equal(parse('--channel-name=a=b').text('channel-name'), 'a=b')
  assert.equal(parse('--dump=').text('dump'), '')
  assert.equal(parse('-n first -n second').text('channel-name'), 'second')
  assert.deepEqual(parse('one - two -- --size -x').operands, ['one', '-', 'two', '--size', '-x'])
  assert.equal(parse('--json').flag('json'), true)
})

test('the option wins over the environment, the first variable that is set over the others, all over the default', () => {
  const env = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' }
  const region = (args: string, vars: Record<string, string>) => {
    const options = parse(args, vars)
    return [options.text('region'), options.origin('region')]
  }
  assert.deepEqual(region('--region ap-south-1', env), ['ap-south-1', '--region'])
  assert.deepEqual(region('', env), ['eu-west-1', 'AWS_REGION'])
  assert.deepEqual(region('', { AWS_DEFAULT_REGION: 'eu-west-2' }), ['eu-west-2', 'AWS_DEFAULT_REGION'])
  assert.deepEqual(region('', {}), ['us-west-2', 'default'])
  const endpoint = (vars: Record<string, string>) => parse('', vars).text('endpoint')
  assert.equal(endpoint({ AWS_ENDPOINT_URL_KINESIS_VIDEO: 'b', CONTROL_PLANE_URI: 'a' }), 'a')
  assert.equal(endpoint({ AWS_ENDPOINT_URL: 'c', AWS_ENDPOINT_URL_KINESIS_VIDEO: 'b' }), 'b')
})

test('a flag in the environment may say no', () => {
  for (const no of ['false', 'False', 'FALSE', '0']) {
    assert.equal(parse('', { AWS_USE_FIPS_ENDPOINT: no }).flag('fips'), false, no)
  }
  assert.equal(parse('', { AWS_USE_FIPS_ENDPOINT: 'true' }).flag('fips'), true)
  assert.equal(parse('--fips', { AWS_USE_FIPS_ENDPOINT: 'false' }).flag('fips'), true)
})

test('tags gather, and the last of a key counts', () => {
  const options = parse('--tag a=1 --tag b=x=y --tag a=2 --tag c=')
  assert.deepEqual(options.pairs('tag'), { a: '2', b: 'x=y', c: '' })
  assert.deepEqual(parse('').pairs('tag'), {})
  const table: Option[] = [{ name: 'tag', value: 'K=V', kind: 'pair', env: ['TAG'], help: '' }]
  assert.deepEqual(parse('', { TAG: 'e=1' }, table).pairs('tag'), { e: '1' })
  assert.deepEqual(parse('--tag a=1 --tag b=2', { TAG: 'e=1' }, table).pairs('tag'), { a: '1', b: '2' })
})

test('what is wrong is said with the option as it was typed, and ends with 1', () => {
  const cases: [string, string][] = [
    ['-s 10', '-s must be 1024 or more, and not 10'],
    ['-D -1', '-D must be 1 or more, and not -1'],
    ['-D 0', '-D must be 1 or more'],
    ['--duration=1e3', '--duration takes a number, and not "1e3"'],
    ['--duration 0x10', 'takes a number'],
    ['--duration Infinity', 'takes a number'],
    ['-D .', 'takes a number'],
    ['-D 1.2.3', 'takes a number'],
    ['-D --', 'takes a number, and not "--"'],
    ['--size 2048.5', '--size takes a whole number, and not "2048.5"'],
    ['--size 99999999999', '--size must be 10485760 or less'],
    ['--retention-period 87601', '87600 or less'],
    ['--video-codec vp9', '--video-codec is one of h264, h265, none, and not "vp9"'],
    ['--tag novalue', '--tag takes key=value, and not "novalue"'],
    ['--tag =v', '--tag takes key=value'],
    ['--json=yes', '--json takes no value'],
    ['--region', '--region needs a value: REGION'],
    ['-n', '-n needs a value: NAME'],
    ['--nonsense', '--nonsense is no option'],
    ['-x', '-x is no option'],
  ]
  for (const [args, text] of cases) {
    const error = refusal(args)
    assert.equal(error.message.includes(text), true, `${args}: ${error.message}`)
    assert.equal(error.exitStatus, 1)
  }
  assert.equal(refusal('', { AWS_KVS_LOG_LEVEL: '9' }).message.startsWith('AWS_KVS_LOG_LEVEL is one of'), true)
})

test('a near miss is guessed, the nearest of several', () => {
  const guesses: [string, string][] = [
    ['--durations', '--duration'],
    ['--chanel-name', '--channel-name'],
    ['--tags', '--tag'],
    ['--tab', '--tag'],
    ['--fip', '--fips'],
    ['--no-creat=1', '--no-create'],
  ]
  for (const [args, guess] of guesses) {
    assert.equal(refusal(args).likelyCause, `did you mean ${guess}?`, args)
  }
  assert.equal(refusal('--quite-something').likelyCause.includes('did you mean'), false)
})

test('any arguments are taken or refused as usage, without another word', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('-s', '-D', '--tag', '--size=', '--', '-', '=', '--=', '-n', ...streamOptions.map((o) => o.name)),
    fc.constantFrom(...streamOptions).map((option) => `--${option.name}`),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (args) => {
      try {
        parseOptions(streamOptions, args, () => undefined)
      } catch (error) {
        assert.equal(error instanceof KvsError && error.code, 'USAGE')
      }
    }),
  )
})

test('the help tells every option with its default and variables, in 80 columns', () => {
  const help = helpText(streamCommand, [streamCommand, { ...streamCommand, name: 'local', summary: 'Serves.' }])
  const words = help.split('\n').flatMap((line) => line.split(' '))
  // As it reads: lines are wrapped anywhere.
  const text = words.filter((word) => word !== '').join(' ')
  for (const option of streamOptions) {
    assert.equal(words.includes(`--${option.name}`), true, option.name)
    if (option.short !== undefined) assert.equal(help.includes(`-${option.short}, --${option.name}`), true)
    if (option.default !== undefined) assert.equal(text.includes(`default ${option.default}`), true, option.name)
    for (const name of option.env ?? []) assert.equal(help.includes(name), true, name)
    for (const choice of option.choices ?? []) assert.equal(help.includes(choice), true, choice)
  }
  for (const status of ['0', '1', '66', '69', '70', '74', '75', '77', '78', '130', '143']) {
    assert.equal(
      words.some((word) => word === status || word === `${status},`),
      true,
      status,
    )
  }
  for (const line of help.split('\n')) {
    assert.equal(line.length <= 80, true, line)
    assert.equal(line, line.trimEnd())
  }
  assert.equal(help.includes('kvs local'), true)
  assert.equal(helpText({ ...streamCommand, name: 'local' }, []).startsWith('Usage: kvs local ['), true)
})

test("levels by name and by the C SDK's numbers", () => {
  const levels = ['1', '2', '3', '4', '5', '6', '7', '8'].map(levelOf)
  assert.deepEqual(levels, ['debug', 'debug', 'info', 'warn', 'error', 'error', 'silent', 'debug'])
  assert.equal(levelOf('warn'), 'warn')
  assert.equal(says('warn', 'error') && says('warn', 'warn') && !says('warn', 'info') && !says('silent', 'error'), true)
})
