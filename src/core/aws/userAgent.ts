/** Longest User-Agent that the service's own producers allow themselves. */
const limit = 256

/** `kvs-producer/1.0.0 (Linux/6.1 x86_64)`: at most 256 visible ASCII characters and spaces. */
export function userAgent(version: string, system: string): string {
  return `kvs-producer/${plain(version, 64)} (${plain(system, limit - 128)})`
}

/** Without what could end the comment or the header. */
function plain(text: string, most: number): string {
  let result = ''
  for (const char of text) {
    const visible = char >= ' ' && char <= '~' && char !== '(' && char !== ')' && char !== '\\'
    if (visible) result += char
  }
  return result.slice(0, most)
}
