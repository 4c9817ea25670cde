/** A root directory in which there is the executable, media and the authority of an endpoint, and nothing else. */

import assert from 'node:assert/strict'
import { chmod, copyFile, cp, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { TestEndpoint } from './endpoint.ts'
import { temporaryFolder } from './folder.ts'
import { command, type KvsOptions } from './kvs.ts'
import { samples } from './source.ts'

export const mediaInRoot = '/media'

/** Makes one. */
export async function emptyRoot(t: TestContext, endpoint: TestEndpoint): Promise<string> {
  const [executable, ...more] = command()
  assert.deepEqual(more, [], 'KVS_COMMAND must be an executable of this machine and nothing else')
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  await copyFile(executable, join(folder, 'kvs'))
  await copyFile(endpoint.env['AWS_KVS_CACERT_PATH'] ?? '', join(folder, 'ca.pem'))
  await cp(samples, join(folder, mediaInRoot), { recursive: true })
  return folder
}

/** How to run `kvs` in it. A user and mount namespace of its own lets anyone do that, not only root. */
export function inRoot(folder: string, endpoint: TestEndpoint, { readOnly }: { readOnly: boolean }): KvsOptions {
  const mount = readOnly ? 'mount --bind -o ro "$0" "$0"; ' : ''
  const script = `${mount}exec chroot "$0" /kvs "$@"`
  return {
    command: ['unshare', '--map-root-user', '--mount', 'sh', '-ec', script, folder],
    env: { ...endpoint.env, AWS_KVS_CACERT_PATH: '/ca.pem' },
  }
}

/** Everything below a folder, and whatever of it a write would change. */
export async function treeOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true })
  return await Promise.all(
    ['', ...names.sort()].map(async (name) => {
      const { mode, size, mtimeMs, ctimeMs } = await stat(join(folder, name))
      return [name, mode, size, mtimeMs, ctimeMs].join(' ')
    }),
  )
}
