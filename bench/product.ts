/**
 * The product as it is shipped: the JavaScript in dist/ with the types of its sources. What runs the benchmark itself is
 * translated on the fly, and that must not be measured.
 */

import { fileURLToPath } from 'node:url'

const dist = new URL('../dist/', import.meta.url)

/** Path of the `kvs` command. */
export const kvsPath = fileURLToPath(new URL('node/kvs.js', dist))

/** What a producer on Node.js consists of. */
export async function loadProducer() {
  const [{ Producer }, { nodePlatform }, { parseEndpoint }, { staticCredentials }] = await Promise.all([
    load<typeof import('../src/core/producer.ts')>('core/producer.js'),
    load<typeof import('../src/node/platform.ts')>('node/platform.js'),
    load<typeof import('../src/core/aws/endpoints.ts')>('core/aws/endpoints.js'),
    load<typeof import('../src/core/aws/credentials/credentials.ts')>('core/aws/credentials/credentials.js'),
  ])
  return { Producer, nodePlatform, parseEndpoint, staticCredentials }
}

/** What reads directories of frames. */
export async function loadSource() {
  const [{ openDirectory }, { files }, { search }] = await Promise.all([
    load<typeof import('../src/core/source/directory.ts')>('core/source/directory.js'),
    load<typeof import('../src/node/files.ts')>('node/files.js'),
    load<typeof import('../src/node/platform.ts')>('node/platform.js'),
  ])
  return { openDirectory, files, search }
}

/** The local endpoint. */
export function loadLocal() {
  return load<typeof import('../src/local/index.ts')>('local/index.js')
}

/** What makes certificates for a server of our own. */
export function loadCertificates() {
  return load<typeof import('../src/local/tls/certificate.ts')>('local/tls/certificate.js')
}

function load<T>(path: string): Promise<T> {
  return import(new URL(path, dist).href) as Promise<T>
}
