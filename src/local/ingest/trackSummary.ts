import type { ReadTrack } from '../../core/mux/values.ts'
import type { TrackSummary } from '../store/records.ts'

/** What the store keeps of a track beside its bytes. */
export function trackSummary(track: ReadTrack): TrackSummary {
  const { number, type, codecId, name, width, height, sampleRateHz, channels } = track
  return { number, type, codecId, name, width, height, sampleRateHz, channels }
}
