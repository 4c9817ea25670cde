/** Names of a test's own. */

import { writeFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { temporaryFolder } from '../drive/folder.ts'

/** The program where /etc/hosts is another: in a user and mount namespace of its own, for which nobody has to be root. */
export async function withHosts(t: TestContext, program: string, hosts: string): Promise<string> {
  const own = await temporaryFolder(t)
  await writeFile(`${own}/hosts`, hosts)
  const script = `mount --bind ${own}/hosts /etc/hosts; exec ${program} "$@"`
  const command = `#!/bin/sh\nexec unshare --map-root-user --mount sh -ec '${script}' sh "$@"\n`
  await writeFile(`${own}/program`, command, { mode: 0o755 })
  return `${own}/program`
}
