/** What the linker is told of the order of things. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from './folders.mjs'

/**
 * .text.streaming: what runs while it streams (native/code.c), and the C library, whose parts are small.
 * .comment, .pdr: every object of the C library names its compiler and, on MIPS, its frames, which stripping leaves in.
 * .init, .fini: the C library's are ARM code without an alignment, and land between Thumb code at half a word.
 */
export function linkerScript() {
  return `SECTIONS {
  .text.streaming : {
    ${streamingFunctions()
      .map((name) => `*(.text.${name})`)
      .join(' ')}
    *libc.a:*(.text .text.*)
  }
} INSERT BEFORE .text;
SECTIONS {
  .init : ALIGN(4) { KEEP(*(.init)) }
  .fini : ALIGN(4) { KEEP(*(.fini)) }
} INSERT AFTER .text;
SECTIONS { /DISCARD/ : { *(.comment) *(.pdr) } } INSERT AFTER .data;
`
}

function streamingFunctions() {
  const lines = readFileSync(join(checkout, 'native', 'streaming.txt'), 'utf8').split('\n')
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}
