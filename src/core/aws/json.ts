/** Replies of the service: members may be missing, null, or unknown, and none of that is an error. */

import { utf8Text } from '../text.ts'

export type JsonObject = { readonly [name: string]: unknown }

/** The object that `bytes` are in JSON, or undefined where they are anything else. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    return objectOf(JSON.parse(utf8Text(bytes)))
  } catch {
    return undefined
  }
}

export function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

/** A text, or undefined where it is missing, null, empty, or no text. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A finite number, or undefined. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
