import { KvsError } from '../../errors.ts'
import { type CredentialProvider, checkCredentials } from './credentials.ts'

/**
 * Credentials of the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN.
 * `env` gives undefined where a variable is not set or empty. Rejects with NO_CREDENTIALS, naming what is missing.
 */
export function environmentCredentials(env: (name: string) => string | undefined): CredentialProvider {
  const read = async () => {
    const accessKeyId = required(env, 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY')
    const secretAccessKey = required(env, 'AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID')
    return checkCredentials({ accessKeyId, secretAccessKey, sessionToken: env('AWS_SESSION_TOKEN') || undefined })
  }
  return Object.assign(read, { local: true })
}

function required(env: (name: string) => string | undefined, name: string, other: string): string {
  const value = env(name)
  if (value) return value
  if (!env(other)) throw new KvsError('NO_CREDENTIALS', `neither AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set`)
  throw new KvsError('NO_CREDENTIALS', `${other} is set, but ${name} is not`, {
    cause: 'only one of the two variables was exported',
    cure: `set ${name}`,
  })
}
