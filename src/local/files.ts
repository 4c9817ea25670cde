import { chmod, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { KvsError } from '../core/errors.ts'

/**
 * Replaces the file at `path` so that a crash at any moment leaves the old content or the new, never a mixture:
 * written beside it, synced, renamed, the directory synced.
 */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const beside = `${path}.new`
  await rm(beside, { force: true })
  try {
    await write(beside, content, mode)
    await rename(beside, path)
  } catch (thrown) {
    // A full disk leaves half of it, and needs the room.
    await rm(beside, { force: true }).catch(() => undefined)
    throw thrown
  }
  await syncDirectory(dirname(path))
}

async function write(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    // The process's umask may have taken more away; it must never leave more than asked for.
    await file.chmod(mode)
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Takes a file from everybody but its owner. True where others could read it before. */
export async function keepForOwner(path: string): Promise<boolean> {
  // Windows has no such modes.
  const repaired = process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0
  if (repaired) await chmod(path, 0o600)
  return repaired
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

const unwritableCauses: Readonly<Record<string, readonly [cause: string, cure: string]>> = {
  ENOSPC: ['the disk is full', 'make room on it, or choose another folder'],
  EDQUOT: ['the quota on the disk is used up', 'make room, or choose another folder'],
  EACCES: ['the permission to write there is missing', 'set the rights of the folder, or choose another one'],
  EPERM: ['the permission to write there is missing', 'set the rights of the folder, or choose another one'],
  EROFS: ['the disk is read-only', 'choose another folder'],
}

/** What to tell of an error that shows that a folder cannot be written; any other error as it is. */
export function unwritable(thrown: unknown, directory: string): unknown {
  const [cause, cure] = unwritableCauses[systemCode(thrown) ?? ''] ?? []
  if (cause === undefined || cure === undefined) return thrown
  const what = thrown instanceof Error ? thrown.message : String(thrown)
  return new KvsError('OUTPUT_UNWRITABLE', `cannot write in ${directory}: ${what}`, { cause, cure })
}

/** The error code of a failed system call, e.g. `ENOENT`; undefined for any other error. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}
