/** Providers of credentials that the AWS SDK does not have, for the library's `credentials` option. */

import type { CredentialProvider } from '../core/aws/credentials/credentials.ts'
import { fileCredentials } from '../core/aws/credentials/file.ts'
import { iotCredentials } from '../core/aws/credentials/iot.ts'
import { clientCertificateFiles } from '../core/host/clientCertificateFiles.ts'
import { readTrust } from '../core/host/trust.ts'
import { files, nodeProcess } from './files.ts'
import { nodePlatform } from './platform.ts'

/**
 * Credentials out of a file that another program renews, in the format of the C and C++ producers:
 * `CREDENTIALS key-id secret` or `CREDENTIALS key-id 2026-01-31T09:18:06Z secret session-token`.
 *
 * @example
 * new Producer({ streamName: 'front-door', credentials: fromCredentialFile('/run/kvs/credentials'), tracks })
 */
export function fromCredentialFile(path: string): CredentialProvider {
  return fileCredentials(files, path)
}

/** What a device shows AWS IoT for temporary credentials. */
export interface IotCertificateOptions {
  /** The account's credentials endpoint, `c….credentials.iot.REGION.amazonaws.com`. */
  readonly endpoint: string
  /** PEM file: the device's certificate. Read for each request, so that it may be replaced. */
  readonly certificatePath: string
  /** PEM file: its private key. */
  readonly keyPath: string
  /** 1 to 128 characters of `a-z A-Z 0-9 _ = , @ -`. */
  readonly roleAlias: string
  /** The thing that the certificate is attached to; where a policy ties streams to things, the name of the stream. */
  readonly thingName: string
  /** PEM file, or folder of them, to trust instead of Node's authorities. */
  readonly caPath?: string | undefined
}

/**
 * Credentials of AWS IoT Core for the certificate of a device. Throws KvsError CONFIGURATION where a setting cannot be
 * right or a file cannot be read.
 */
export function fromIotCertificate(options: IotCertificateOptions): CredentialProvider {
  const { caPath, certificatePath, keyPath, ...rest } = options
  const platform = nodePlatform({ ca: readTrust(files, caPath), proxy: nodeProcess().env })
  return iotCredentials(platform, { ...rest, certificate: clientCertificateFiles(files, certificatePath, keyPath) })
}
