/** A process that does nothing for long enough to be measured. */

setTimeout(() => undefined, 12_500)
