/** The core's ports on the C host. */

import type { ProxyEnvironment } from '../core/host/proxy.ts'
import type { Log, Platform } from '../core/platform.ts'
import { makeBlocks } from './blocks.ts'
import { clock } from './clock.ts'
import { makeConnect } from './connect.ts'
import { Tls } from './tls.ts'

const silent = () => undefined
const log: Log = { debug: silent, info: silent, warn: silent, error: silent }

/**
 * A host for one producer.
 *
 * @param anchors PEM texts that replace the trust anchors compiled in
 * @param env where HTTPS_PROXY and NO_PROXY are looked up
 */
export function devicePlatform(anchors: readonly Uint8Array[] | undefined, env: ProxyEnvironment): Platform {
  return {
    clock,
    connect: makeConnect(clock, { tls: new Tls(anchors), proxy: env }),
    // These ports are the host's functions as they are: the search is called for every few bytes of media.
    crypto: native,
    random: native.random,
    blocks: makeBlocks(),
    search: native,
    log,
  }
}
