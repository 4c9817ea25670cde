import type { Process } from '../core/platform.ts'

/** The process that the executable runs in. */
export const process: Process = {
  args: native.args,
  env: (name) => native.env(name) || undefined,
  stdout: native.stdout,
  stderr: native.stderr,
  get stderrColumns() {
    return native.stderrColumns()
  },
  onSignal(handler) {
    native.onSignal(handler)
    return () => native.onSignal(null)
  },
  memory: native.memory,
  runtime: native.runtime,
  system: native.system,
}
