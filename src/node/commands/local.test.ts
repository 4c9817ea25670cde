import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Host } from '../../cli/command.ts'
import { parseOptions } from '../../cli/options.ts'
import type { KvsError } from '../../core/errors.ts'
import { files, nodeProcess } from '../files.ts'
import { nodePlatform } from '../platform.ts'
import { storage } from '../storage.ts'
import { localCommand } from './local.ts'

/** A terminal in which a command runs: what it says, and a Ctrl-C. */
class Terminal {
  stdout = ''
  stderr = ''
  interrupt: () => void = () => {}
  readonly #waiting: (() => void)[] = []

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
    const host: Host = {
      files,
      storage,
      platform: () => nodePlatform({}),
      process: {
        ...nodeProcess(),
        env: (name: string) => env[name],
        stdout: (text: string) => {
          this.stdout += text
        },
        stderr: (text: string) => {
          this.stderr += text
          for (const wake of this.#waiting.splice(0)) wake()
        },
        onSignal: (handler: (signal: number) => void) => {
          this.interrupt = () => handler(2)
          return () => {
            this.interrupt = () => {}
          }
        },
      },
    }
    return localCommand.run(parseOptions(localCommand.options, args, host.process.env), host)
  }

  /** Resolves when this has been said; rejects when the command ends before. */
  async untilSaid(text: string, running: Promise<number>): Promise<void> {
    while (!this.stderr.includes(text)) {
      const said = new Promise<string>((resolve) => this.#waiting.push(() => resolve('said')))
      const what = await Promise.race([said, running.then(() => 'over')])
      if (what === 'over') throw new Error(`over after: ${this.stderr}`)
    }
  }
}

describe('kvs local', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kvs-it's-"))
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('runs until it is interrupted, and meanwhile tells a shell how to use it', async () => {
    const terminal = new Terminal()
    const running = terminal.run(['--dir', directory, '--port', '0', '--region', 'eu-west-3'])
    await terminal.untilSaid('Ctrl-C', running)
    const url = /address +(\S+)/.exec(terminal.stderr)?.[1] ?? ''
    const shell = new Terminal()
    assert.equal(await shell.run(['env', '--dir', directory]), 0)
    const names = [
      'CONTROL_PLANE_URI',
      'AWS_DEFAULT_REGION',
      'AWS_KVS_CACERT_PATH',
      'AWS_ACCESS_KEY_ID',
      'AWS_SESSION_TOKEN',
      'AWS_PROFILE',
    ]
    const script = `${shell.stdout}\nprintf '%s\\n' ${names.map((name) => `"$${name}"`).join(' ')}`
    const env = { PATH: process.env.PATH ?? '', AWS_SESSION_TOKEN: 'stale', AWS_PROFILE: 'mine' }
    const [uri, region, ca, key, token, profile] = execFileSync('sh', ['-c', script], { encoding: 'utf8', env }).split(
      '\n',
    )
    assert.deepEqual([uri, region, ca, token, profile], [url, 'eu-west-3', join(directory, 'ca.pem'), '', ''])
    assert.match(key ?? '', /^AKIA/)
    terminal.interrupt()
    assert.equal(await running, 0)
    await assert.rejects(shell.run(['env', '--dir', directory]), (error: KvsError) => {
      assert.deepEqual([error.code, error.exitStatus], ['CONFIGURATION', 78])
      assert.match(error.message, /no endpoint runs/)
      return true
    })
  })

  it('does without the authority over plain HTTP, and says what happens', async () => {
    const terminal = new Terminal()
    const running = terminal.run(['--port', '0', '--http'], { XDG_STATE_HOME: directory })
    await terminal.untilSaid('Ctrl-C', running)
    const shell = new Terminal()
    assert.equal(await shell.run(['env'], { XDG_STATE_HOME: directory }), 0)
    assert.match(shell.stdout, /CONTROL_PLANE_URI='http:\/\/localhost:\d+'/)
    assert.doesNotMatch(shell.stdout, /CACERT|EXTRA_CA/)
    const url = /address +(\S+)/.exec(terminal.stderr)?.[1] ?? ''
    const reply = await fetch(`${url}/listStreams`, { method: 'POST', body: '{}' })
    assert.equal(reply.status, 403)
    await reply.text()
    await terminal.untilSaid('listStreams: MissingAuthenticationTokenException (403)', running)
    terminal.interrupt()
    assert.equal(await running, 0)
  })

  it('takes another port where the default is taken, and says so, but not where one was asked for', async () => {
    const other = createServer()
    const taken = await new Promise<boolean>((resolve) => {
      other.once('error', () => resolve(true))
      other.listen(8443, '127.0.0.1', () => resolve(true))
    })
    assert.ok(taken)
    try {
      const terminal = new Terminal()
      const running = terminal.run(['--dir', directory])
      await terminal.untilSaid('Ctrl-C', running)
      assert.match(terminal.stderr, /port 8443 is taken/)
      terminal.interrupt()
      assert.equal(await running, 0)
      await assert.rejects(
        new Terminal().run(['--dir', directory, '--port', '8443']),
        /port 8443 on 127.0.0.1 is taken/,
      )
    } finally {
      other.close()
    }
  })

  it('leads a shell to credentials that expire, in the way that it asks for, and to no keys', async () => {
    const terminal = new Terminal()
    const running = terminal.run(['--dir', directory, '--port', '0', '--token-life', '90'])
    await terminal.untilSaid('Ctrl-C', running)
    const printed = async (way: string) => {
      const shell = new Terminal()
      assert.equal(await shell.run(['env', '--dir', directory, way]), 0)
      for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) {
        assert.ok(shell.stdout.includes(`unset ${name}\n`))
      }
      return (name: string) => {
        const script = `${shell.stdout}\nprintf %s "$${name}"`
        return execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: process.env.PATH ?? '' } })
      }
    }
    const iot = await printed('--iot')
    assert.match(iot('AWS_IOT_CORE_CREDENTIAL_ENDPOINT'), /^localhost:\d+$/)
    assert.equal(iot('AWS_IOT_CORE_CERT'), join(directory, 'iot-certificate.pem'))
    assert.equal(iot('AWS_IOT_CORE_PRIVATE_KEY'), join(directory, 'iot-key.pem'))
    assert.ok(iot('AWS_IOT_CORE_ROLE_ALIAS') !== '' && iot('AWS_IOT_CORE_THING_NAME') !== '')
    const imds = await printed('--imds')
    const token = await fetch(`${imds('AWS_EC2_METADATA_SERVICE_ENDPOINT')}/latest/api/token`, { method: 'PUT' })
    assert.equal(token.status, 400)
    await token.text()
    const container = await printed('--container')
    const authorization = container('AWS_CONTAINER_AUTHORIZATION_TOKEN')
    const reply = await fetch(container('AWS_CONTAINER_CREDENTIALS_FULL_URI'), { headers: { authorization } })
    const { Expiration } = (await reply.json()) as { readonly Expiration: string }
    const leftMs = Date.parse(Expiration) - Date.now()
    assert.ok(leftMs > 0 && leftMs <= 91_000, Expiration)
    await terminal.untilSaid('container: ASIALOCAL', running)
    await assert.rejects(new Terminal().run(['env', '--dir', directory, '--iot', '--imds']), { code: 'USAGE' })
    terminal.interrupt()
    assert.equal(await running, 0)
  })

  it('fails by the plan of a file, says what strikes, and what is wrong with a plan', async () => {
    const file = join(directory, 'faults.json')
    const run = (text: string, terminal = new Terminal()) => {
      writeFileSync(file, text)
      return terminal.run(['--dir', directory, '--port', '0', '--http', '--faults', file])
    }
    await assert.rejects(run('[{ "fault": "refuse" }]'), (error: KvsError) => {
      assert.deepEqual([error.code, error.message], ['CONFIGURATION', `${file}: fault 1: "refuse" needs "status"`])
      return true
    })
    await assert.rejects(run('[{ fault }]'), { code: 'CONFIGURATION', likelyCause: 'the file is no JSON' })
    rmSync(file)
    await assert.rejects(new Terminal().run(['--faults', file]), { code: 'INPUT_MISSING' })
    const terminal = new Terminal()
    const running = run('[{ "fault": "expireCredentials", "atMs": 1 }]', terminal)
    await terminal.untilSaid('everything: fault expireCredentials {"atMs":1}', running)
    terminal.interrupt()
    assert.equal(await running, 0)
    const example = new Terminal()
    const trying = run(readFileSync('examples/faults.json', 'utf8'), example)
    await example.untilSaid('Ctrl-C', trying)
    example.interrupt()
    assert.equal(await trying, 0)
  })

  it('refuses what it does not take', async () => {
    await assert.rejects(new Terminal().run(['--iot']), { code: 'USAGE' })
    await assert.rejects(new Terminal().run(['environment']), { code: 'USAGE' })
    await assert.rejects(new Terminal().run(['env', 'more']), { code: 'USAGE' })
    await assert.rejects(new Terminal().run(['--dir', directory, '--http', '--host', '0.0.0.0']), {
      code: 'CONFIGURATION',
    })
  })
})
