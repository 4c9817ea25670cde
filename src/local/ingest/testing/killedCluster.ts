import { fullCluster } from './media.ts'

/** The cluster that the process to be killed stores under a timecode: of 8 to 300 KB, and like no other. */
export function killedCluster(timecode: number): Buffer {
  const step = timecode / 2000
  return fullCluster(timecode, Buffer.alloc(1000 + ((step * 7919) % 37_000), `${timecode} `))
}
