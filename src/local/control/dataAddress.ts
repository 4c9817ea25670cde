import { ServiceError } from '../errors.ts'

/** Where PutMedia is served: under the endpoint's own name, until the streams move to another name of this machine. */
export class DataAddress {
  readonly #names: readonly [string, string]
  #moves = 0

  /** @param url of the endpoint, without a path */
  constructor(url: string) {
    const here = new URL(url)
    const there = new URL(url)
    there.hostname = here.hostname === '127.0.0.1' ? 'localhost' : '127.0.0.1'
    this.#names = [here.origin, there.origin]
  }

  /** As GetDataEndpoint answers it. */
  get url(): string {
    return this.#names[this.#moves % 2 === 0 ? 0 : 1]
  }

  /** The streams move to the other name. */
  move(): void {
    this.#moves++
  }

  /** @throws ServiceError InvalidEndpointException where a request went to a name that the streams have left */
  check(host: string | undefined): void {
    if (this.#moves === 0 || host === new URL(this.url).host) return
    throw new ServiceError('InvalidEndpointException', 400, 'Call GetDataEndpoint for the endpoint of this stream.')
  }
}
