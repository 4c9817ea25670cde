import type { WallMs } from '../frame/time.ts'
import { decimal } from './token.ts'

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A Date header in the one form that senders may use, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7). */
export function parseHttpDate(text: string): WallMs | undefined {
  const [weekday, day, month, year, time, zone, ...more] = text.split(' ')
  if (weekday === undefined || zone !== 'GMT' || more.length > 0) return undefined
  const [hours, minutes, seconds, ...rest] = (time ?? '').split(':')
  if (rest.length > 0) return undefined
  const parts = [year, day, hours, minutes, seconds].map((part) => decimal(part ?? ''))
  const [y = -1, d = -1, h = -1, m = -1, s = -1] = parts
  const monthIndex = months.indexOf(month ?? '')
  if (monthIndex < 0 || y < 1900 || d < 1 || d > 31 || h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60) {
    return undefined
  }
  return Date.UTC(y, monthIndex, d, h, m, s)
}
