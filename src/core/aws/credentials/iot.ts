/** Credentials for the certificate of a device: the credentials provider of AWS IoT Core. */

import { asKvsError, KvsError } from '../../errors.ts'
import type { ClientPlatform, ClientTimeouts } from '../../http/client.ts'
import type { ClientCertificate } from '../../platform.ts'
import { parseEndpoint } from '../endpoints.ts'
import { objectOf, parseJsonObject } from '../json.ts'
import { CredentialConnections, credentialsIn, refusal } from './answer.ts'
import type { CredentialProvider, Credentials } from './credentials.ts'

export interface IotCredentialsOptions {
  /** Host of the account's credentials endpoint, `c….credentials.iot.REGION.amazonaws.com`, with a port where that is not 443. */
  readonly endpoint: string
  /** Certificate and key of the device; asked for each request, so that they may be replaced while it runs. May throw. */
  readonly certificate: () => ClientCertificate
  /** 1 to 128 characters of `a-z A-Z 0-9 _ = , @ -`. */
  readonly roleAlias: string
  /** The thing that the certificate is attached to, 1 to 128 characters. */
  readonly thingName: string
}

/** As the C producer waits. */
const timeouts: ClientTimeouts = { connectMs: 3000, completionMs: 5000 }

const source = 'AWS IoT'
const aliasCharacters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=,@-'
const names = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'expiration'] as const

const denied = {
  cause:
    'the certificate is not active or not attached to this thing, its policy does not allow iot:AssumeRoleWithCertificate' +
    ' for the role alias, there is no such role alias, or its role does not trust credentials.iot.amazonaws.com',
  cure: 'check certificate, policy, role alias and role in AWS IoT',
}

/**
 * Credentials of AWS IoT. Throws CONFIGURATION where a setting cannot be right. The provider rejects with ACCESS_DENIED
 * where AWS IoT refuses, and with errors of the connection, which are worth retrying.
 */
export function iotCredentials(platform: ClientPlatform, options: IotCredentialsOptions): CredentialProvider {
  const { endpoint, certificate, roleAlias, thingName } = options
  checkName('role alias', roleAlias, (char) => aliasCharacters.includes(char))
  checkName('thing name', thingName, (char) => char > ' ' && char <= '~')
  const origin = parseEndpoint(endpoint)
  const path = `${origin.path ?? ''}/role-aliases/${roleAlias}/credentials`
  const request = { method: 'GET', path, headers: [['x-amzn-iot-thingname', thingName]] } as const
  const connections = new CredentialConnections(platform, timeouts)

  const ask = async (): Promise<Credentials> => {
    try {
      const response = await connections.use(origin, (client) => client.request(request), certificate())
      if (response.status !== 200) throw refusal(source, response, denied)
      return credentialsIn(source, objectOf(parseJsonObject(response.body)?.credentials), names)
    } catch (thrown) {
      throw explained(asKvsError(thrown))
    }
  }
  return Object.assign(ask, { close: () => connections.close() })
}

function checkName(what: string, name: string, allows: (char: string) => boolean): void {
  const allowed = name.length >= 1 && name.length <= 128 && [...name].every(allows)
  if (!allowed) {
    throw new KvsError('CONFIGURATION', `${JSON.stringify(name.slice(0, 200))} is no ${what} of AWS IoT`, {
      cure: `give the ${what} as AWS IoT shows it, at most 128 characters`,
    })
  }
}

/** In TLS a server says little about why it does not take a certificate, or nothing. */
function explained(error: KvsError): KvsError {
  if (error.code !== 'TLS_FAILED') return error
  return new KvsError('TLS_FAILED', error.message, {
    cause: `${error.likelyCause}; or AWS IoT does not know the certificate of this device`,
    cure: 'check --iot-endpoint, that the certificate is registered and active, and --ca',
  })
}
