import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { keepForOwner, replaceFile, systemCode } from '../files.ts'
import {
  createAuthority,
  createClientCertificate,
  createServerCertificate,
  type KeyedCertificate,
  serverDays,
} from './certificate.ts'

const dayMs = 86_400_000

/** Without an authority's file clients cannot trust the endpoint, and with its key anyone can be the endpoint. */
const certificateMode = 0o644
const keyMode = 0o600

/** The endpoint's own certificate authority, kept in its directory so that clients need to learn it only once. */
export class Authority {
  /** Path of the authority's certificate, PEM. Ends in `.pem`, as the C SDK demands. */
  readonly certificateFile: string
  /** True where others could read the key and its mode has just been set right. */
  readonly repaired: boolean
  /** The authority's certificate itself, PEM. */
  readonly certificate: string
  readonly #publicKey: KeyObject
  readonly #privateKey: KeyObject

  private constructor(certificateFile: string, certificate: X509Certificate, privateKey: KeyObject, repaired: boolean) {
    this.repaired = repaired
    this.certificateFile = certificateFile
    this.certificate = certificate.toString()
    this.#publicKey = certificate.publicKey
    this.#privateKey = privateKey
  }

  /** Loads the authority of `directory`; makes a new one where there is none, it is damaged, or it ends too soon. */
  static async open(directory: string, nowMs: number): Promise<Authority> {
    const certificateFile = join(directory, 'ca.pem')
    const keyFile = join(directory, 'ca-key.pem')
    const kept = await load(certificateFile, keyFile, nowMs)
    if (kept !== null) {
      return new Authority(certificateFile, kept.certificate, kept.privateKey, await keepForOwner(keyFile))
    }
    const made = createAuthority(nowMs)
    await replaceFile(keyFile, made.privateKey, keyMode)
    await replaceFile(certificateFile, made.certificate, certificateMode)
    return new Authority(
      certificateFile,
      new X509Certificate(made.certificate),
      createPrivateKey(made.privateKey),
      false,
    )
  }

  /** A certificate for a server that is reached by `names`. */
  serverCertificate(names: readonly string[], nowMs: number): KeyedCertificate {
    return createServerCertificate({ publicKey: this.#publicKey, privateKey: this.#privateKey }, names, nowMs)
  }

  /** A certificate for a client, which says who it is. */
  clientCertificate(name: string, nowMs: number): KeyedCertificate {
    return createClientCertificate({ publicKey: this.#publicKey, privateKey: this.#privateKey }, name, nowMs)
  }

  /** True for a certificate, PEM, that this authority has issued and that is valid until `untilMs` at least. */
  hasIssued(certificate: string, untilMs: number): boolean {
    const given = new X509Certificate(certificate)
    return given.verify(this.#publicKey) && Date.parse(given.validTo) > untilMs
  }
}

async function load(certificateFile: string, keyFile: string, nowMs: number) {
  const texts = await Promise.all([readText(certificateFile), readText(keyFile)])
  if (texts[0] === null || texts[1] === null) return null
  try {
    const certificate = new X509Certificate(texts[0])
    const privateKey = createPrivateKey(texts[1])
    const outlivesServer = Date.parse(certificate.validTo) > nowMs + serverDays * dayMs
    const sound = certificate.ca && certificate.checkPrivateKey(privateKey) && outlivesServer
    return sound && Date.parse(certificate.validFrom) <= nowMs ? { certificate, privateKey } : null
  } catch {
    return null
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null
    throw thrown
  }
}

/**
 * Every name by which a server listening on `host` may be called: the loopback names always, several loopback
 * addresses because some C producers know port 443 only and tell endpoints apart by address, and for a server that
 * listens everywhere, the names and addresses of the machine.
 */
export function serverNames(host: string, others: readonly string[]): string[] {
  const names = ['localhost', '127.0.0.1', '::1', '127.0.0.2', '127.0.0.3', '127.0.0.4']
  if (isUnspecified(host)) names.push(...machineNames())
  else names.push(host)
  return [...new Set([...names, ...others])]
}

/** True for the addresses that mean "every interface". */
export function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function machineNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? [])
  // A scope ("%eth0") is meaningful on this machine only.
  return [hostname(), ...addresses.map(({ address }) => address.split('%')[0] ?? address)]
}
