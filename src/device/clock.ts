import type { Clock } from '../core/platform.ts'

export const clock: Clock = {
  wallMs: () => native.wallMs(),
  monotonicMs: () => native.monotonicMs(),
  setTimer(delayMs, task) {
    const timer = native.setTimer(delayMs, task)
    return { cancel: () => native.cancelTimer(timer) }
  },
}
