/** The Amazon Trust Services roots of Node's own trust store, as C. */
import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { cArray } from './cArray.mjs'
import { lock } from './lock.mjs'
import { BuildError } from './run.mjs'

export function amazonRootsInC() {
  const stored = new Map(rootCertificates.map(parse))
  const roots = Object.entries(lock.amazonRoots).map(([name, fingerprint]) => {
    const root = stored.get(fingerprint)
    if (!root) {
      throw new BuildError(
        `the trust store of Node.js ${process.version} has no "${name}" with the fingerprint in native/vendor.lock: build with another version of Node.js`,
      )
    }
    return root
  })
  const arrays = roots.map(({ raw }, index) => cArray(`static const unsigned char root${index}[]`, raw))
  const entries = roots.map((_, index) => `    {root${index}, sizeof(root${index})},\n`)
  return `#include "roots.h"

${arrays.join('')}
const struct amazon_root amazon_roots[] = {
${entries.join('')}};
const unsigned int amazon_roots_count = ${roots.length};
`
}

function parse(pem) {
  const certificate = new X509Certificate(pem)
  return [certificate.fingerprint256, certificate]
}
