import { type Codec, newPayload, type Payload, type TrackFormat } from '../../frame.ts'

/** What a codec finds in one frame. */
export function inspect(codec: Codec, data: Uint8Array): Payload {
  const payload = newPayload()
  codec.inspect(data, payload)
  return payload
}

/** Asked anew: the compiler would remember the last answer. */
export function formatOf(codec: Codec): TrackFormat | null {
  return codec.format
}
