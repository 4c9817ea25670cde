/** Where things are: the checkout, what is built, and what may be kept between builds. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const checkout = fileURLToPath(new URL('../..', import.meta.url))
export const built = join(checkout, 'dist', 'device')

/** Outside the checkout: hundreds of megabytes that another checkout can use, too. */
export const cache = process.env.KVS_DEVICE_CACHE
  ? resolve(process.env.KVS_DEVICE_CACHE)
  : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kvs-producer')

/** Fills a new folder or file and gives it its name when it is whole, so that builds at the same time cannot disturb each other. */
export async function makeWhole(path, fill) {
  mkdirSync(dirname(path), { recursive: true })
  const scratch = mkdtempSync(join(dirname(path), '.new-'))
  try {
    const unfinished = join(scratch, basename(path))
    await fill(unfinished)
    rename(unfinished, path)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function rename(from, to) {
  try {
    renameSync(from, to)
  } catch (error) {
    // Another build finished the same folder first.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  }
}
