/** A Matroska file, for instance of ffmpeg, with one PutMedia call. The stream must exist. */

import { createReadStream } from 'node:fs'
import { putMedia } from 'kvs-producer'

const [file = 'out/demo/demo.mkv', streamName = 'demo'] = process.argv.slice(2)

// RELATIVE: the file counts from zero, and zero is now.
await using session = await putMedia({ streamName, timecodeType: 'RELATIVE' })
const acks = (async () => {
  for await (const { type, timecodeMs, errorCode } of session.acks()) console.log(type, timecodeMs, errorCode ?? '')
})()
for await (const bytes of createReadStream(file)) await session.write(bytes)
await session.end()
await acks
