/** Kept equal to package.json's by a test. */
export const version = '0.1.0'

/** What `kvs --version` prints. */
export function versionText(runtime: string, system: string): string {
  return `kvs ${version}, ${runtime}, ${system}`
}
