import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keepForOwner, replaceFile } from '../files.ts'
import type { Authority } from '../tls/authority.ts'

const dayMs = 86_400_000
/** What is left of it when a new one is made. */
const leftDays = 30

/** Paths of the certificate and the private key of a device, PEM. */
export interface DeviceCertificate {
  readonly certificateFile: string
  readonly keyFile: string
}

/** Where they are, whether or not they have been made. */
export function deviceCertificateFiles(directory: string): DeviceCertificate {
  return { certificateFile: join(directory, 'iot-certificate.pem'), keyFile: join(directory, 'iot-key.pem') }
}

/** The certificate for devices in a folder; made where there is none that the authority has issued. */
export async function keepDeviceCertificate(
  directory: string,
  authority: Authority,
  nowMs: number,
): Promise<DeviceCertificate> {
  const files = deviceCertificateFiles(directory)
  if (await isGood(files, authority, nowMs)) {
    await keepForOwner(files.keyFile)
    return files
  }
  const made = authority.clientCertificate('kvs local device', nowMs)
  await replaceFile(files.keyFile, made.privateKey, 0o600)
  await replaceFile(files.certificateFile, made.certificate, 0o644)
  return files
}

/** False also for files that are missing or damaged. */
async function isGood(files: DeviceCertificate, authority: Authority, nowMs: number): Promise<boolean> {
  try {
    const certificate = await readFile(files.certificateFile, 'utf8')
    const key = createPrivateKey(await readFile(files.keyFile, 'utf8'))
    const fits = new X509Certificate(certificate).checkPrivateKey(key)
    return fits && authority.hasIssued(certificate, nowMs + leftDays * dayMs)
  } catch {
    return false
  }
}
