import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces the file at `path` so that a crash at any moment leaves the old content or the new, never a mixture:
 * written beside it, synced, renamed, the directory synced.
 */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const beside = `${path}.new`
  await rm(beside, { force: true })
  const file = await open(beside, 'wx', mode)
  try {
    // The process's umask may have taken more away; it must never leave more than asked for.
    await file.chmod(mode)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
  await syncDirectory(dirname(path))
}

/** Makes renames and new names in a directory durable, where the system can. */
async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open directories, and makes renames durable by itself.
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** The error code of a failed system call, e.g. `ENOENT`; undefined for any other error. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}
