/** "ENOENT" and the like of an error that Node's modules raise. */
export function errnoName(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
