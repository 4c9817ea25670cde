/** What the executable says of itself, and of the commands that it does not have. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { root } from '../drive/folder.ts'
import { runKvs } from '../drive/kvs.ts'

async function onNode(t: TestContext, args: readonly string[]): Promise<string> {
  const command = [process.execPath, '--import', 'tsx', 'src/node/kvs.ts'] as const
  return (await runKvs(t, args, { cwd: root, command })).stdout
}

describe('what the executable says', { concurrency: 2 }, () => {
  for (const args of [['--help'], ['local', '--help'], ['demo', '--help']]) {
    test(`kvs ${args.join(' ')}: word for word what Node.js says`, async (t) => {
      const { status, stdout, stderr } = await runKvs(t, args)
      assert.deepEqual([status, stderr], [0, ''])
      assert.equal(stdout, await onNode(t, args))
    })
  }

  test('--version names program, engine, TLS, target and system', async (t) => {
    const { status, stdout } = await runKvs(t, ['--version'])
    assert.equal(status, 0)
    assert.match(stdout, /^kvs \d+\.\d+\.\d+, QuickJS \d{4}-\d\d-\d\d, mbedTLS 3\.6\.\d+, \w+, Linux\/\S+ \w+\n$/)
    const target = /kvs-(\w+)$/.exec(process.env['KVS_COMMAND'] ?? '')?.[1]
    assert.ok(stdout.includes(`, ${target}, `), `${stdout} does not name ${target}`)
  })

  for (const name of ['local', 'demo']) {
    test(`kvs ${name} is for Node.js, and says so`, async (t) => {
      const { status, stdout, stderr } = await runKvs(t, [name])
      assert.deepEqual([status, stdout], [1, ''])
      assert.match(
        stderr,
        new RegExp(`^kvs: .*\\b${name} needs Node\\.js\\n {2}likely cause: .+\\n {2}cure: .*npx .+\\n$`),
      )
    })
  }
})
