/**
 * Bytes whose place is not decided yet. The parser tells of a Cluster only when its ID and size have been read, and by
 * then the first of these bytes may have come with an earlier piece: so the last few are always held back.
 */

/** An ID of 4 bytes and a size of 8, but for the last byte, with which the parser speaks. */
const longestHead = 11

const nothing = new Uint8Array(0)

export class HeldBytes {
  /** At most `longestHead` bytes of earlier pieces, then the current piece. */
  #held: Uint8Array = nothing
  #piece: Uint8Array = nothing
  /** Absolute position of the first byte of `#held`. */
  #position = 0

  /** Takes the next piece; of the one before, all but the last few bytes have been taken out. */
  add(piece: Uint8Array): void {
    this.#piece = piece
  }

  /** Takes out the bytes before the absolute `position`: none, one or two pieces. */
  takeUntil(position: number): Uint8Array[] {
    const fromHeld = Math.min(position - this.#position, this.#held.length)
    const fromPiece = Math.max(0, position - this.#position - this.#held.length)
    const taken = [this.#held.subarray(0, fromHeld), this.#piece.subarray(0, fromPiece)]
    this.#held = this.#held.subarray(fromHeld)
    this.#piece = this.#piece.subarray(fromPiece)
    this.#position = Math.max(this.#position, position)
    return taken.filter((bytes) => bytes.length > 0)
  }

  /** Takes out all that can no longer be the head of a Cluster, and copies the rest, so that pieces can be given up. */
  takeDecided(): Uint8Array[] {
    const end = this.#position + this.#held.length + this.#piece.length
    const taken = this.takeUntil(Math.max(this.#position, end - longestHead))
    const rest = new Uint8Array(this.#held.length + this.#piece.length)
    rest.set(this.#held)
    rest.set(this.#piece, this.#held.length)
    this.#held = rest
    this.#piece = nothing
    return taken
  }
}
