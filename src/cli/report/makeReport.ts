import type { Clock, Process } from '../../core/platform.ts'
import type { Options } from '../options.ts'
import { JsonReport } from './json.ts'
import { levelOf } from './level.ts'
import type { Report } from './report.ts'
import { TextReport } from './text.ts'

/** The report that the options ask for. */
export function makeReport(options: Options, process: Process, clock: Clock): Report {
  if (options.flag('json')) return new JsonReport(process, clock)
  const level = options.flag('quiet') ? 'error' : levelOf(options.text('log-level') ?? 'info')
  return new TextReport(process, clock, level)
}
