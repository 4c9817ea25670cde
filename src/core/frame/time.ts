/**
 * Times are milliseconds everywhere. The clocks they are read from differ, and the compiler keeps them apart: a plain
 * number may become any of these, but one of these never becomes another without arithmetic that says so.
 */

/** Milliseconds since 1970-01-01 UTC. */
export type WallMs = number & { readonly clock?: 'wall' }

/** Milliseconds of the host's monotonic clock, from an arbitrary origin. */
export type MonotonicMs = number & { readonly clock?: 'monotonic' }

/** Milliseconds on a source's own clock, fractions allowed: what `pts` and `dts` of a frame are. */
export type MediaMs = number & { readonly clock?: 'media' }
