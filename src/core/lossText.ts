import type { LossReason } from './stats.ts'

const texts: Record<LossReason, string> = {
  refused: 'refused by the service',
  'larger-than-buffer': 'the connection broke during a fragment larger than the buffer',
  overflow: 'the buffer was full',
  'spool-full': 'the spool was full',
  'spool-damaged': 'the spool could not be read',
  'too-late': 'too far behind',
  'not-delivered': 'not delivered before the end',
  'no-video': 'sound without pictures',
}

/** Why media was lost, in words. */
export function lossText(reason: LossReason): string {
  return texts[reason]
}
