/**
 * Debian source packages through the machine's own package configuration: its mirror, proxy and keys, but lists of our
 * own, since the machine may run another release and need not know of sources.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache } from './folders.mjs'
import { BuildError, requireProgram, run } from './run.mjs'

const debianKeys = '/usr/share/keyrings/debian-archive-keyring.gpg'
const elsewhere =
  'download the archives that native/vendor.lock names from a Debian mirror into a folder and set KVS_DEVICE_SOURCES to it'

/** The versions on offer of a source package in a suite and its security updates, each with a way to download it. */
export async function openSuite(suite) {
  requireProgram('apt-get', `fetch sources (without it: ${elsewhere})`)
  const options = await isolated(suite)
  await run('apt-get', [...options, 'update'], { name: 'apt-get update' })
  return {
    async versions(source) {
      const { stdout } = await run('apt-cache', [...options, 'showsrc', '--only-source', source])
      return [...stdout.matchAll(/^Version: (.+)$/gm)].map(([, version]) => version)
    },
    /** apt compares the files with the list that Debian signed. */
    async download(source, version, folder) {
      const args = [...options, 'source', '--download-only', '--only-source', `${source}=${version}`]
      await run('apt-get', args, { cwd: folder, name: `apt-get source ${source}=${version}` })
    },
  }
}

async function isolated(suite) {
  const folder = join(cache, 'apt')
  const list = join(folder, 'sources.list')
  for (const name of ['lists/partial', 'archives/partial']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(list, await sourceEntries(suite))
  const settings = [
    `Dir::State::lists=${join(folder, 'lists')}`,
    `Dir::Cache=${folder}`,
    `Dir::Etc::sourcelist=${list}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Acquire::Languages=none',
    // As root, apt would change to a user who cannot write into this folder.
    ...(process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []),
  ]
  return settings.flatMap((setting) => ['-o', setting])
}

async function sourceEntries(suite) {
  const { archive, security } = await mirrors()
  const signedBy = existsSync(debianKeys) ? `[signed-by=${debianKeys}] ` : ''
  const entry = (uri, release) => `deb-src ${signedBy}${uri} ${release} main\n`
  // sid has no security archive: what is fixed goes into it directly.
  return entry(archive, suite) + (security && suite !== 'sid' ? entry(security, `${suite}-security`) : '')
}

/** Where this machine gets Debian from; apt reads its own files, in whichever format they are. */
async function mirrors() {
  const fields = ['$(REPO_URI)', '$(RELEASE)', '$(COMPONENT)'].join(' ')
  const { stdout } = await run('apt-get', ['indextargets', '--format', fields, 'Created-By: Packages'])
  const targets = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([uri, , component]) => component === 'main' && /[/.]debian/.test(uri))
  const find = (wanted) => targets.find(([, release]) => wanted(release))?.[0]
  const security = find((release) => release.endsWith('-security'))
  const archive = find((release) => !release.includes('-'))
  if (!archive) throw new BuildError(`this machine's apt knows no Debian mirror: ${elsewhere}`)
  return { archive, security }
}
