import { readFile } from 'node:fs/promises'

/** Of the kernel's clock ticks, which user space is told in: USER_HZ is 100 on every architecture that we run on. */
const tickMs = 10

/** Processor time that a process has used so far, user and system, in milliseconds (proc_pid_stat(5)). */
export async function processTimeMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1')
  // The name before may hold anything, spaces and parentheses too. After it: state is field 3, utime 14, stime 15.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * tickMs
}
