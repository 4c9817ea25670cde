import type { ReadTrack } from '../../core/mux/values.ts'
import type { MediaTrack } from '../media.ts'

/** What the store keeps of a track beside its bytes. */
export function trackSummary(track: ReadTrack): MediaTrack {
  const { number, type, codecId, name, width, height, sampleRateHz, channels } = track
  return { number, type, codecId, name, width, height, sampleRateHz, channels }
}
