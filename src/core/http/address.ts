/** Hosts and ports as they stand in URLs. Letters of hosts are small ones. */

import { decimal } from './token.ts'

/** Names and addresses that never leave this machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291). */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  const numbers = host.split('.').map(decimal)
  return numbers.length === 4 && numbers[0] === 127 && numbers.every((number) => number >= 0 && number <= 255)
}

/** True for what can be a host name, or an IPv4 address. */
export function isHostName(host: string): boolean {
  if (host.length > 253) return false
  return host.split('.').every((label) => label.length > 0 && label.length <= 63 && every(label, isHostCharacter))
}

/** True for what can be an IPv6 address, without brackets. */
export function isIpv6(host: string): boolean {
  return (
    host.includes(':') && host.length <= 45 && every(host, (char) => isHexDigit(char) || char === ':' || char === '.')
  )
}

/** 1 to 65535, or 0 where it is no port. */
export function portNumber(text: string): number {
  const port = text.length <= 5 ? decimal(text) : 0
  return port < 1 || port > 65535 ? 0 : port
}

const isDigit = (char: string) => char >= '0' && char <= '9'
const isHexDigit = (char: string) => isDigit(char) || (char >= 'a' && char <= 'f')
const isHostCharacter = (char: string) => (char >= 'a' && char <= 'z') || isDigit(char) || char === '-' || char === '_'

function every(text: string, test: (char: string) => boolean): boolean {
  for (const char of text) if (!test(char)) return false
  return true
}
