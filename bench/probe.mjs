/**
 * Loaded into the process that is measured: tells the parent every second what it has used. Every fifth time garbage is
 * collected first, so that the heap shows what is kept; the CPU time of that is taken off. Keeps nothing alive.
 */

const { send } = process
let ticks = 0
let ownMicroseconds = 0

setInterval(() => {
  const collected = ++ticks % 5 === 0
  if (collected) {
    const before = used()
    globalThis.gc?.()
    ownMicroseconds += used() - before
  }
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage()
  const sample = { atMs: performance.now(), rssBytes: rss, heapBytes: heapUsed, bufferBytes: arrayBuffers }
  send?.call(process, { ...sample, collected, cpuSeconds: (used() - ownMicroseconds) / 1e6 })
}, 1000).unref()
process.channel?.unref()

function used() {
  const { user, system } = process.cpuUsage()
  return user + system
}
