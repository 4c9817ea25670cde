/**
 * A folder for one process. Node.js has no locks of the kernel's, which end with the process, so every owner leaves a file
 * in the folder whose name says which process it is, by its number and when it began, and looks for those of others
 * that still run. Of two that come at the same time one sees the other, or both do; never neither. What it cannot see is a
 * process in another container, or a device's executable.
 */

import * as fs from 'node:fs'
import { KvsError } from '../core/errors.ts'
import { outputError, takenError } from '../core/host/fileError.ts'
import { errnoName } from './errnoName.ts'

const suffix = '.lock'

/** Until the function returned is called. Throws OUTPUT_UNWRITABLE, also where another process or another part of this one has it. */
export function lockFolder(directory: string): () => void {
  const own = `${process.pid}-${startOf(process.pid) ?? 'now'}${suffix}`
  const path = `${directory}/${own}`
  try {
    fs.closeSync(fs.openSync(path, 'wx'))
  } catch (error) {
    if (errnoName(error) === 'EEXIST') throw takenError(directory)
    throw outputError(path, errnoName(error))
  }
  const release = () => fs.rmSync(path, { force: true })
  try {
    const others = fs.readdirSync(directory).filter((name) => name !== own && name.endsWith(suffix))
    if (others.some(isOfRunningProcess)) throw takenError(directory)
    for (const name of others) if (processOf(name) !== null) fs.rmSync(`${directory}/${name}`, { force: true })
  } catch (error) {
    release()
    throw error instanceof KvsError ? error : outputError(directory, errnoName(error))
  }
  return release
}

function processOf(name: string): { readonly pid: number; readonly start: string } | null {
  const [pid = '', start, ...rest] = name.slice(0, -suffix.length).split('-')
  return Number(pid) > 0 && start !== undefined && rest.length === 0 ? { pid: Number(pid), start } : null
}

function isOfRunningProcess(name: string): boolean {
  const owner = processOf(name)
  if (owner === null) return false
  const start = startOf(owner.pid)
  return start === null ? isRunning(owner.pid) : start === owner.start
}

/**
 * When a process began, in ticks since this start of the system, whose name is in it as well: a number of a process is used
 * again. "over" where only its parent has not heard of its end; null where there is no such process, or no /proc.
 */
function startOf(pid: number): string | null {
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
    const status = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Behind the name of the program, which may hold anything, come field 3, the state, and as field 22 the start.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'over' : `${boot}.${fields[19]}`
  } catch {
    return null
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoName(error) === 'EPERM'
  }
}
