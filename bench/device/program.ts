/** The programs that are compared: the device executables, and the `kvs` command on Node.js. */

import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { kvsPath } from '../product.ts'

export interface Program {
  readonly name: string
  readonly command: readonly string[]
}

export const nodeProgram: Program = { name: 'Node.js', command: [process.execPath, kvsPath] }

/** `arch` as `npm run device` names its files; null where that one has not been built. */
export function deviceProgram(arch: string): Program | null {
  return executableBytes(arch) === null ? null : { name: `kvs-${arch}`, command: [pathOf(arch)] }
}

/** Size of an executable's file; null where it has not been built. */
export function executableBytes(arch: string): number | null {
  return statSync(pathOf(arch), { throwIfNoEntry: false })?.size ?? null
}

function pathOf(arch: string): string {
  return fileURLToPath(new URL(`../../dist/device/kvs-${arch}`, import.meta.url))
}
