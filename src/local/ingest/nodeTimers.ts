import type { Timers } from './silence.ts'

/** The timers of this process. */
export const nodeTimers: Timers = {
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, task) => {
    // Node.js fires at once what is due later than a signed 32-bit number of milliseconds.
    const timer = setTimeout(task, Math.min(delayMs, 2 ** 31 - 1))
    return { cancel: () => clearTimeout(timer) }
  },
}
