/** Records of TLS 1.3 as no server of OpenSSL's would send them (RFC 8446). */

import { createCipheriv, createHmac } from 'node:crypto'

const applicationData = 23
const tagBytes = 16

/** A record that `secret` of the server's traffic encrypts by AES-128-GCM, the `number`th with it; the content may be empty. */
export function applicationRecord(secret: Buffer, number: number, content: string): Buffer {
  const inner = Buffer.concat([Buffer.from(content), Uint8Array.of(applicationData)])
  const head = Buffer.of(applicationData, 3, 3, 0, inner.length + tagBytes)
  const nonce = expandLabel(secret, 'iv', 12)
  nonce[11] = (nonce[11] ?? 0) ^ number
  const cipher = createCipheriv('aes-128-gcm', expandLabel(secret, 'key', 16), nonce).setAAD(head)
  return Buffer.concat([head, cipher.update(inner), cipher.final(), cipher.getAuthTag()])
}

/** HKDF-Expand-Label (section 7.1) without a context, for up to 32 bytes. */
function expandLabel(secret: Buffer, label: string, bytes: number): Buffer {
  const name = `tls13 ${label}`
  const info = Buffer.concat([Uint8Array.of(0, bytes, name.length), Buffer.from(name), Uint8Array.of(0, 1)])
  return createHmac('sha256', secret).update(info).digest().subarray(0, bytes)
}
