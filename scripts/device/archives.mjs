/**
 * The archives of the engine and of TLS, as Debian publishes them: from the cache, from KVS_DEVICE_SOURCES, or through
 * apt, and always compared with native/vendor.lock.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSuite } from './apt.mjs'
import { cache, makeWhole } from './folders.mjs'
import { lock, sha256 } from './lock.mjs'
import { BuildError, run, say } from './run.mjs'

/** Paths: the upstream source first, then Debian's changes to it, where there are some. */
export async function archivesOf(source) {
  const given = process.env.KVS_DEVICE_SOURCES
  return given ? fromFolder(source, given) : ((await pinnedInCache(source)) ?? (await fromDebian(source)))
}

/** Nobody vouches for what is in the folder, so it must be what is pinned. */
function fromFolder(source, folder) {
  if (!existsSync(folder)) throw new BuildError(`KVS_DEVICE_SOURCES: there is no folder ${folder}`)
  const { files } = lock.sources[source]
  return Object.entries(files).map(([name, pinned]) => {
    const path = join(folder, name)
    if (!existsSync(path)) {
      throw new BuildError(`KVS_DEVICE_SOURCES: ${folder} holds no ${name}; snapshot.debian.org has every version`)
    }
    return verified(path, pinned)
  })
}

function verified(path, pinned) {
  const found = sha256(readFileSync(path))
  if (pinned && found !== pinned) {
    throw new BuildError(
      `${path} is damaged or another file: its SHA-256 is ${found}, native/vendor.lock has ${pinned}`,
    )
  }
  return path
}

function folderOf(source, version) {
  return join(cache, 'archives', `${source}-${version}`)
}

async function pinnedInCache(source) {
  const { version, files } = lock.sources[source]
  const folder = folderOf(source, version)
  return existsSync(folder) ? archivesIn(folder, files) : undefined
}

async function fromDebian(source) {
  const { suite, version: pinned } = lock.sources[source]
  say(`fetching the source of ${source} from Debian ${suite}`)
  const archive = await openSuite(suite)
  const version = await choose(source, await archive.versions(source))
  const folder = folderOf(source, version)
  if (!existsSync(folder)) {
    await makeWhole(folder, async (unfinished) => {
      mkdirSync(unfinished)
      await archive.download(source, version, unfinished)
    })
  }
  return archivesIn(folder, version === pinned ? lock.sources[source].files : {})
}

/** Debian keeps one revision at a time: a security update takes the place of the pinned one. */
export async function choose(source, versions) {
  const { series, suite, version: pinned } = lock.sources[source]
  if (versions.includes(pinned)) return pinned
  let best
  for (const version of versions.filter((candidate) => candidate.startsWith(series))) {
    if (!best || (await isNewer(version, best))) best = version
  }
  if (!best) {
    const offered = versions.join(', ') || 'none'
    throw new BuildError(
      `Debian ${suite} has no ${source} ${series}* (it has: ${offered}): native/vendor.lock needs a newer version`,
    )
  }
  say(`warning: Debian ${suite} has ${source} ${best} instead of the pinned ${pinned}; apt has verified its signature`)
  return best
}

async function isNewer(version, than) {
  return run('dpkg', ['--compare-versions', version, 'gt', than]).then(
    () => true,
    () => false,
  )
}

function archivesIn(folder, pinned) {
  const names = readdirSync(folder)
  const archives = [/\.orig\.tar\.\w+$/, /\.debian\.tar\.\w+$/].flatMap((ending) =>
    names.filter((name) => ending.test(name)),
  )
  return archives.map((name) => verified(join(folder, name), pinned[name]))
}
