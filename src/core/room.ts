/** Room in the buffer for the next frame, and what gives way where there is none. */

import type { FragmentBuffer } from './buffer/fragmentBuffer.ts'
import { KvsError } from './errors.ts'
import { serviceLimits } from './mux/fragmenter.ts'
import type { SessionLine } from './send/sessionLine.ts'

export interface RoomOptions {
  readonly buffer: FragmentBuffer
  readonly blockBytes: number
  readonly line: Pick<SessionLine, 'releaseSentHead'>
  readonly onWarning: (message: string) => void
}

export class Room {
  readonly #options: RoomOptions
  #outgrown = false

  constructor(options: RoomOptions) {
    this.#options = options
  }

  /**
   * Makes sure of room for `bytes`, where need be by giving up what is sent of a fragment larger than the buffer.
   *
   * @throws KvsError FRAME_TOO_LARGE where there can never be any
   */
  make(bytes: number): boolean {
    const { buffer, line } = this.#options
    this.#check(bytes)
    if (buffer.reserve(bytes)) return true
    if (!line.releaseSentHead()) return false
    this.#warnOutgrown()
    return buffer.reserve(bytes)
  }

  #check(bytes: number): void {
    const { buffer, blockBytes } = this.#options
    if (bytes > serviceLimits.maxFragmentBytes) {
      throw new KvsError('FRAME_TOO_LARGE', `a frame of ${bytes} bytes does not fit into a fragment`, {
        cause: 'the service takes fragments of 50 MB at most',
        cure: 'lower the bit rate',
      })
    }
    if (bytes > buffer.capacityBytes - blockBytes) {
      const kilobytes = ((Math.ceil(bytes / blockBytes) + 1) * blockBytes) / 1024
      throw new KvsError('FRAME_TOO_LARGE', `a frame of ${bytes} bytes does not fit into the buffer`, {
        cure: `use --size ${kilobytes} or more`,
      })
    }
  }

  #warnOutgrown(): void {
    if (this.#outgrown) return
    this.#outgrown = true
    const kilobytes = Math.ceil((2 * this.#options.buffer.capacityBytes) / 1024)
    this.#options.onWarning(
      `a fragment is larger than the buffer: if the connection breaks now, it is lost; use --size ${kilobytes} or a shorter key frame interval`,
    )
  }
}
