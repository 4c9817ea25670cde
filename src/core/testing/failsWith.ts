import { KvsError } from '../errors.ts'

/** For `assert.throws` and `assert.rejects`: an error of this code whose message is like `message`. */
export function failsWith(code: string, message?: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof KvsError && error.code === code && (message?.test(error.message) ?? true)
}
