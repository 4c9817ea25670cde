export type Level = 'debug' | 'info' | 'warn' | 'error' | 'silent'

const order: readonly Level[] = ['debug', 'info', 'warn', 'error', 'silent']

/** The C SDK's numbers: 1 verbose, 2 debug, 3 info, 4 warn, 5 error, 6 fatal, 7 silent, 8 profile. */
const numbers: readonly Level[] = ['debug', 'debug', 'info', 'warn', 'error', 'error', 'silent', 'debug']

export function levelOf(text: string): Level {
  const known = order.find((level) => level === text)
  return known ?? numbers[Number(text) - 1] ?? 'info'
}

/** Whether something of `level` is said where `threshold` is asked for. */
export function says(threshold: Level, level: Level): boolean {
  return order.indexOf(level) >= order.indexOf(threshold)
}
