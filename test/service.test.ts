/** The scripts of docs/service: what they start, what they start again, and how they end it. */

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { root, temporaryFolder } from './drive/folder.ts'
import { boundMs } from './drive/within.ts'

const run = promisify(execFile)
const service = join(root, 'docs', 'service')

const secret = 'wJalrXUtnFEMI/K7MDENG'
const options = '-n front-door -d /mnt/frames'

/** What the supervisor is told to do about each exit status: docs/errors.md. */
const final = [0, 1, 66, 69, 77, 78, 129, 130, 143]
const passing = [70, 74, 75, 137, 139]

test('shellcheck has nothing to say', async () => {
  await run('shellcheck', ['-x', '-P', service, join(service, 'kvs-run'), join(service, 'S95kvs')])
  await run('shellcheck', ['-s', 'dash', join(service, 'kvs.procd')])
})

test('systemd takes the unit as it is', async (t) => {
  const folder = await temporaryFolder(t)
  const unit = await readFile(join(service, 'kvs.service'), 'utf8')
  await writeFile(join(folder, 'kvs.service'), unit.replace('/usr/bin/kvs ', `${process.execPath} `))
  const { stderr } = await run('systemd-analyze', ['verify', '--man=no', join(folder, 'kvs.service')])
  assert.equal(stderr, '')
})

test('systemd starts again what the other scripts start again', async () => {
  const unit = await readFile(join(service, 'kvs.service'), 'utf8')
  const statuses = (name: string) =>
    (new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '').split(' ').map((status) => Number(status))
  const kept = [...statuses('RestartPreventExitStatus'), ...statuses('SuccessExitStatus'), 0]
  assert.match(unit, /^Restart=on-failure$/m)
  assert.deepEqual(
    kept.sort((a, b) => a - b),
    final,
  )
})

test('OpenWrt: procd is given kvs-run, and no secret', async () => {
  const calls = 'procd_open_instance() { :; }; procd_close_instance() { :; }; procd_set_param() { echo "$@"; }'
  const { stdout } = await run('sh', ['-c', `${calls}; . "$0"; start_service`, join(service, 'kvs.procd')])
  const lines = stdout.trimEnd().split('\n')
  assert.ok(lines.includes('command /usr/sbin/kvs-run'), stdout)
  assert.ok(!lines.some((line) => line.startsWith('respawn') || line.startsWith('env')), stdout)
})

describe('BusyBox', { concurrency: 2 }, () => {
  test('start, status, stop', async (t) => {
    const camera = await Camera.make(t, ['wait'])
    assert.deepEqual(await camera.script('status'), [3, 'kvs is not running\n'])
    assert.deepEqual(await camera.script('start'), [0, ''])
    await camera.said('runs', `started ${options} as AKIDEXAMPLE ${secret}`)
    assert.deepEqual(await camera.script('status'), [0, 'kvs is running\n'])
    assert.deepEqual(await camera.script('start'), [0, 'kvs is running\n'])
    assert.deepEqual(await camera.script('stop'), [0, ''])
    assert.equal((await camera.lines('runs')).at(-1), 'ended by SIGTERM')
    assert.deepEqual(await camera.script('status'), [3, 'kvs is not running\n'])
    assert.deepEqual(await camera.script('stop'), [0, ''])
    assert.equal((await camera.lines('runs')).length, 2)
  })

  test('restart ends the one that runs before it starts another', async (t) => {
    const camera = await Camera.make(t, ['wait', 'wait'])
    await camera.script('start')
    await camera.said('runs', 'started', 1)
    assert.deepEqual(await camera.script('restart'), [0, ''])
    await camera.said('runs', 'started', 2)
    await camera.script('stop')
    const [first, ...others] = (await camera.lines('runs')).map((line) => line.split(' ')[0])
    assert.deepEqual([first, ...others], ['started', 'ended', 'started', 'ended'])
  })

  test('what kvs says goes to the log, and the key to kvs alone', async (t) => {
    const camera = await Camera.make(t, [0])
    await camera.script('start')
    await camera.said('log', 'said by kvs')
    assert.ok(!(await camera.lines('log')).some((line) => line.includes(secret)))
  })

  test('a run after every failure that passes by itself', async (t) => {
    const camera = await Camera.make(t, [...passing, 0])
    await camera.script('start')
    await camera.ended()
    assert.equal((await camera.lines('runs')).length, passing.length + 1)
    for (const status of passing) await camera.said('log', `kvs ended with status ${status} and is started again`)
  })

  for (const status of final) {
    test(`no other run after status ${status}`, async (t) => {
      const camera = await Camera.make(t, [status, 0])
      await camera.script('start')
      await camera.said('runs', 'started')
      await camera.ended()
      assert.equal((await camera.lines('runs')).length, 1)
    })
  }

  test('a stop between two runs', async (t) => {
    const camera = await Camera.make(t, [75, 0], { pauseSeconds: 3600 })
    await camera.script('start')
    await camera.said('log', 'started again in 3600 s')
    assert.deepEqual(await camera.script('stop'), [0, ''])
    assert.equal((await camera.lines('runs')).length, 1)
  })

  test('as another user, who cannot read the settings', async (t) => {
    // Only root can choose.
    const [user, uid] = process.getuid?.() === 0 ? ['nobody', 65_534] : [undefined, process.getuid?.()]
    const camera = await Camera.make(t, ['wait'], { user })
    await camera.script('start')
    await camera.said('runs', 'started')
    assert.equal(Number(await camera.file('uid')), uid)
    assert.deepEqual(await camera.script('stop'), [0, ''])
    assert.equal((await camera.lines('runs')).at(-1), 'ended by SIGTERM')
  })

  test('without settings it says so and does not go on', async (t) => {
    const camera = await Camera.make(t, [0], { settings: false })
    await camera.script('start')
    await camera.said('log', 'kvs.env cannot be read')
    await camera.ended()
    assert.deepEqual(await camera.lines('runs'), [])
  })
})

interface CameraOptions {
  readonly pauseSeconds?: number
  readonly user?: string | undefined
  readonly settings?: boolean
}

/** A folder in which BusyBox's programs alone run the scripts, with a `kvs` that does as it is told. */
class Camera {
  readonly #folder: string

  /** @param plan what the runs of kvs do, one after another: an exit status, or "wait" for SIGTERM */
  static async make(t: TestContext, plan: readonly (number | 'wait')[], options: CameraOptions = {}): Promise<Camera> {
    const folder = await mkdtemp(join(tmpdir(), 'kvs-test-'))
    const camera = new Camera(folder)
    t.after(() => camera.remove())
    await chmod(folder, 0o777)
    await mkdir(join(folder, 'bin'))
    await run('busybox', ['--install', '-s', join(folder, 'bin')])
    await camera.#install(options)
    await writeFile(join(folder, 'plan'), plan.map((step) => `${step}\n`).join(''), { mode: 0o666 })
    await camera.#write('kvs', fakeKvs(folder))
    await camera.#write('bin/logger', `#!${folder}/bin/sh\nexec cat >>${folder}/log\n`)
    return camera
  }

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** The scripts, with their paths led into the folder. */
  async #install({ pauseSeconds = 0, user, settings = true }: CameraOptions): Promise<void> {
    for (const name of ['kvs-run', 'S95kvs']) {
      const script = await readFile(join(service, name), 'utf8')
      const led = script
        .replace(/^#!\/bin\/sh$/m, `#!${this.#folder}/bin/sh`)
        .replaceAll(/(\/usr\/bin|\/usr\/sbin|\/etc|\/var\/run)\/kvs/g, `${this.#folder}/kvs`)
        .replace(/^pause_seconds=.*$/m, `pause_seconds=${pauseSeconds}`)
      await this.#write(name, led)
    }
    if (!settings) return
    const empty = await readFile(join(service, 'kvs.env'), 'utf8')
    const filled = empty
      .replace(/^AWS_ACCESS_KEY_ID=$/m, '$&AKIDEXAMPLE')
      .replace(/^AWS_SECRET_ACCESS_KEY=$/m, `$&${secret}`)
      .replace(/^KVS_OPTIONS=.*$/m, `KVS_OPTIONS="${options}"`)
      .replace(/^#KVS_USER=.*$/m, user === undefined ? '$&' : `KVS_USER=${user}`)
    await writeFile(join(this.#folder, 'kvs.env'), filled, { mode: 0o600 })
  }

  async #write(name: string, script: string): Promise<void> {
    const path = join(this.#folder, name)
    // What BusyBox has linked there must not be written through.
    await rm(path, { force: true })
    await writeFile(path, script, { mode: 0o755 })
  }

  async remove(): Promise<void> {
    await this.script('stop')
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Exit status and output of S95kvs. */
  async script(action: string): Promise<readonly [status: number | null, output: string]> {
    const child = spawn(join(this.#folder, 'S95kvs'), [action], {
      env: { PATH: join(this.#folder, 'bin') },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    })
    return [status, output]
  }

  async file(name: string): Promise<string> {
    return await readFile(join(this.#folder, name), 'utf8').catch(() => '')
  }

  async lines(name: string): Promise<readonly string[]> {
    return (await this.file(name)).split('\n').filter((line) => line !== '')
  }

  /** Waits until so many lines of a file hold a text. */
  async said(name: string, text: string, times = 1): Promise<void> {
    const all = async () => (await this.lines(name)).filter((line) => line.includes(text)).length
    await eventually(
      async () => (await all()) >= times,
      async () => `"${text}" in ${name}: ${await this.file(name)}`,
    )
  }

  /** Waits until the script says that nothing runs. */
  async ended(): Promise<void> {
    await eventually(
      async () => (await this.script('status'))[0] === 3,
      async () => `the end of kvs-run: ${await this.file('log')}`,
    )
  }
}

/** Takes the first line off the plan and does it. */
function fakeKvs(folder: string): string {
  return `#!${folder}/bin/sh
trap 'kill $! 2>/dev/null; echo "ended by SIGTERM" >>${folder}/runs; exit 143' TERM
step=$(head -n 1 ${folder}/plan)
sed 1d ${folder}/plan >${folder}/rest
cat ${folder}/rest >${folder}/plan
id -u >${folder}/uid
echo "said by kvs" >&2
echo "started $* as $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY" >>${folder}/runs
[ "$step" = wait ] || exit "$step"
sleep 60 &
wait
`
}

async function eventually(holds: () => Promise<boolean>, what: () => Promise<string>): Promise<void> {
  const endMs = performance.now() + boundMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not after ${boundMs} ms: ${await what()}`)
    await pause(20)
  }
}
