import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  utf8String,
} from './der.ts'

/** X.509 v3 certificates (RFC 5280) with P-256 keys, which mbedTLS of any age and OpenSSL verify alike. */

const dayMs = 86_400_000

/** A certificate authority lives long: clients are told of it once. */
const authorityDays = 3650
/** Clients may refuse server certificates that are valid longer than this (CA/Browser Forum baseline). */
export const serverDays = 397
/** Clocks of devices run behind: both are valid from a day before they are made. */
const backdatedDays = 1

/** A certificate and its private key. */
export interface KeyedCertificate {
  /** The certificate, PEM. */
  readonly certificate: string
  /** Its private key, PKCS #8 PEM. */
  readonly privateKey: string
}

interface Signer {
  readonly name: Uint8Array
  readonly key: KeyObject
  readonly keyIdentifier: Uint8Array
}

const oid = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const

const authorityName = 'kvs local certificate authority'

/** A new self-signed authority, valid for `authorityDays`. */
export function createAuthority(nowMs: number): KeyedCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const name = distinguishedName(authorityName)
  const signer = { name, key: keys.privateKey, keyIdentifier: keyIdentifier(keys.publicKey) }
  const extensions = [
    extension(oid.basicConstraints, true, sequence(boolean(true), integer(Uint8Array.of(0)))),
    // Bits 5 and 6: keyCertSign, cRLSign.
    extension(oid.keyUsage, true, bitString(Uint8Array.of(0b0000_0110), 1)),
    extension(oid.subjectKeyIdentifier, false, octetString(signer.keyIdentifier)),
  ]
  const der = certificate({ signer, subject: name, publicKey: keys.publicKey, nowMs, days: authorityDays, extensions })
  return { certificate: pem('CERTIFICATE', der), privateKey: exportKey(keys.privateKey) }
}

interface AuthorityKeys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** A new server certificate for `names` (host names and IP addresses), signed by the authority whose key is given. */
export function createServerCertificate(
  authority: AuthorityKeys,
  names: readonly string[],
  nowMs: number,
): KeyedCertificate {
  const alternatives = extension(oid.subjectAltName, false, sequence(...names.map(generalName)))
  return createCertificate(authority, { name: 'kvs local', usage: oid.serverAuth, days: serverDays, nowMs }, [
    alternatives,
  ])
}

/** A new client certificate, which tells a server who its bearer is. */
export function createClientCertificate(authority: AuthorityKeys, name: string, nowMs: number): KeyedCertificate {
  return createCertificate(authority, { name, usage: oid.clientAuth, days: authorityDays, nowMs }, [])
}

interface Bearer {
  readonly name: string
  /** What the certificate is good for, an object identifier. */
  readonly usage: string
  readonly days: number
  readonly nowMs: number
}

function createCertificate(
  authority: AuthorityKeys,
  { name, usage, days, nowMs }: Bearer,
  more: readonly Uint8Array[],
): KeyedCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const signer = {
    name: distinguishedName(authorityName),
    key: authority.privateKey,
    keyIdentifier: keyIdentifier(authority.publicKey),
  }
  const extensions = [
    extension(oid.basicConstraints, true, sequence()),
    // Bit 0: digitalSignature, all that ECDHE needs.
    extension(oid.keyUsage, true, bitString(Uint8Array.of(0b1000_0000), 7)),
    extension(oid.extendedKeyUsage, false, sequence(objectIdentifier(usage))),
    extension(oid.subjectKeyIdentifier, false, octetString(keyIdentifier(keys.publicKey))),
    extension(oid.authorityKeyIdentifier, false, sequence(implicit(0, signer.keyIdentifier))),
    ...more,
  ]
  const subject = distinguishedName(name)
  const der = certificate({ signer, subject, publicKey: keys.publicKey, nowMs, days, extensions })
  return { certificate: pem('CERTIFICATE', der), privateKey: exportKey(keys.privateKey) }
}

interface CertificateFields {
  readonly signer: Signer
  readonly subject: Uint8Array
  readonly publicKey: KeyObject
  readonly nowMs: number
  readonly days: number
  readonly extensions: readonly Uint8Array[]
}

function certificate(fields: CertificateFields): Uint8Array {
  const { signer, subject, publicKey, nowMs, days, extensions } = fields
  const algorithm = sequence(objectIdentifier(oid.ecdsaWithSha256))
  const fromMs = nowMs - backdatedDays * dayMs
  const version3 = explicit(0, integer(Uint8Array.of(2)))
  const body = sequence(
    version3,
    serialNumber(),
    algorithm,
    signer.name,
    sequence(time(new Date(fromMs)), time(new Date(fromMs + days * dayMs))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions)),
  )
  return sequence(body, algorithm, bitString(sign('sha256', body, signer.key)))
}

/** Positive and unique: 16 random bytes under a leading byte that is neither zero nor negative. */
function serialNumber(): Uint8Array {
  return integer(Buffer.concat([Uint8Array.of(0x01), randomBytes(16)]))
}

function distinguishedName(commonName: string): Uint8Array {
  const attribute = (type: string, value: string) => setOf(sequence(objectIdentifier(type), utf8String(value)))
  return sequence(attribute(oid.organization, 'kvs-producer'), attribute(oid.commonName, commonName))
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [boolean(true)] : []
  return sequence(objectIdentifier(id), ...flag, octetString(value))
}

/** SHA-1 of the subject public key's bits (RFC 5280 section 4.2.1.2, method 1): an uncompressed P-256 point. */
function keyIdentifier(publicKey: KeyObject): Uint8Array {
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
  return createHash('sha1').update(point).digest()
}

function generalName(name: string): Uint8Array {
  const family = isIP(name)
  if (family === 0) return implicit(2, Buffer.from(name, 'latin1'))
  return implicit(7, family === 4 ? Uint8Array.from(name.split('.').map(Number)) : ipv6Bytes(name))
}

function ipv6Bytes(address: string): Uint8Array {
  // The URL parser brings every spelling into one: lower case, no embedded IPv4, one "::" at most.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const words = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]))
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function pem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der).toString('base64')
  const lines = base64.match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
