/**
 * A process to be killed: stores fragment after fragment in the directory given, and says on stdout which ones have been
 * acknowledged as PERSISTED, one timecode and number a line.
 */

import { FragmentStore } from '../../store/fragmentStore.ts'
import { serviceLimits } from '../limits.ts'
import { PutMediaSession } from '../putMedia.ts'
import { killedCluster } from './killedCluster.ts'
import { header } from './media.ts'
import { FakeTimers } from './session.ts'

const [directory = '', firstTimecode = '0'] = process.argv.slice(2)
const store = await FragmentStore.open(directory)
const session = new PutMediaSession({
  timecodeType: 'ABSOLUTE',
  startTimestampMs: null,
  retentionHours: 1,
  limits: serviceLimits,
  clock: { nowMs: Date.now },
  timers: new FakeTimers(),
  store: store.stream('camera').beginSession(),
  send: (ack) => {
    if (ack.type === 'ERROR') throw new Error(ack.reason)
    if (ack.type === 'PERSISTED') process.stdout.write(`${ack.timecode} ${ack.number}\n`)
  },
  close: () => {},
})

await session.push(header())
for (let timecode = Number(firstTimecode); ; timecode += 2000) {
  const bytes = killedCluster(timecode)
  for (let at = 0; at < bytes.length; at += 16_384) {
    await session.push(bytes.subarray(at, at + 16_384))
    await new Promise((resolve) => setImmediate(resolve))
  }
}
