/**
 * Credentials of AWS. Structurally the identity of the AWS SDK for JavaScript v3, so that its providers fit as they
 * are; `expiration` is a Date there and anything that tells its milliseconds here.
 */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** When the service stops accepting them; absent for keys without an end. */
  readonly expiration?: { getTime(): number } | undefined
}
