/** `kvs local env`: how a shell leads its programs to the endpoint that runs in a folder. */

import type { Options } from '../../cli/options.ts'
import type { Credentials } from '../../core/aws/credentials/credentials.ts'
import { KvsError } from '../../core/errors.ts'
import type { Process } from '../../core/platform.ts'
import { readCredentials } from '../../local/auth/credentials.ts'
import { containerToken, containerUrl, roleName } from '../../local/identity/credentialRoutes.ts'
import { deviceCertificateFiles } from '../../local/identity/deviceCertificate.ts'
import { KeyRing } from '../../local/identity/keyRing.ts'
import { findRunning, type RunningEndpoint } from '../../local/running.ts'

/** Ways to temporary credentials, as options. */
export const ways = ['iot', 'imds', 'container'] as const

/** Settings that are made, and those that are taken away where the value is undefined. */
type Settings = Readonly<Record<string, string | undefined>>

/** Prints the exports for a shell. Throws CONFIGURATION where no endpoint runs in the folder. */
export async function printEnvironment(directory: string, given: Options, process: Process): Promise<number> {
  const running = await findRunning(directory)
  if (running === null) {
    throw new KvsError('CONFIGURATION', `no endpoint runs in ${directory}`, {
      cause: 'kvs local is not running, or runs in another folder',
      cure: 'start it with "kvs local", or name its folder with --dir',
    })
  }
  const credentials = await readCredentials(directory)
  if (credentials === null) throw new KvsError('CONFIGURATION', `${directory} holds no credentials`)
  const asked = ways.filter((way) => given.flag(way))
  if (asked.length > 1) throw new KvsError('USAGE', `only one of --${asked.join(' and --')} can be`)
  const settings = { ...endpointSettings(running), ...credentialSettings(asked[0], running, directory, credentials) }
  for (const [name, value] of Object.entries(settings)) {
    process.stdout(value === undefined ? `unset ${name}\n` : `export ${name}=${quoted(value)}\n`)
  }
  return 0
}

/** For this program, the C SDK, and the AWS SDKs and command line. */
function endpointSettings({ url, region, caFile }: RunningEndpoint): Settings {
  return {
    AWS_DEFAULT_REGION: region,
    AWS_REGION: region,
    CONTROL_PLANE_URI: url,
    AWS_ENDPOINT_URL_KINESIS_VIDEO: url,
    ...(caFile !== null && { AWS_KVS_CACERT_PATH: caFile, NODE_EXTRA_CA_CERTS: caFile, AWS_CA_BUNDLE: caFile }),
    // The SDKs pass the keys in the environment over where a profile is named.
    AWS_PROFILE: undefined,
  }
}

/** Keys that are there from another session would win over the way that is asked for. */
const noKeys: Settings = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
}

function credentialSettings(
  way: (typeof ways)[number] | undefined,
  { url, iotPort, machineUrl }: RunningEndpoint,
  directory: string,
  own: Credentials,
): Settings {
  switch (way) {
    case 'iot': {
      if (iotPort === null) throw new KvsError('CONFIGURATION', 'credentials from IoT need TLS, not --http')
      const { certificateFile, keyFile } = deviceCertificateFiles(directory)
      return {
        ...noKeys,
        AWS_IOT_CORE_CREDENTIAL_ENDPOINT: `${new URL(url).hostname}:${iotPort}`,
        AWS_IOT_CORE_CERT: certificateFile,
        AWS_IOT_CORE_PRIVATE_KEY: keyFile,
        AWS_IOT_CORE_ROLE_ALIAS: roleName,
        AWS_IOT_CORE_THING_NAME: 'kvs-local-thing',
      }
    }
    case 'imds':
      return { ...noKeys, AWS_EC2_METADATA_DISABLED: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: machineUrl }
    case 'container':
      return {
        ...noKeys,
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: undefined,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: containerUrl(machineUrl),
        AWS_CONTAINER_AUTHORIZATION_TOKEN: containerToken(new KeyRing(own, Date.now)),
      }
    case undefined:
      return {
        AWS_ACCESS_KEY_ID: own.accessKeyId,
        AWS_SECRET_ACCESS_KEY: own.secretAccessKey,
        // A token left over from another session would be sent along and refused.
        AWS_SESSION_TOKEN: own.sessionToken,
      }
  }
}

/** A word for a POSIX shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
