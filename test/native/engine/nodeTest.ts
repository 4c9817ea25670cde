/** What the core's tests use of node:test: one after the other, each told as a line of JSON. */

type Body = () => unknown

interface Waiting {
  readonly file: string
  readonly name: string
  readonly body: Body
}

const waiting: Waiting[] = []
let currentFile = ''

/** Tests that are declared from now on are of this file. */
export function declareFile(file: string): void {
  currentFile = file
}

export function test(name: string, body: Body): void {
  waiting.push({ file: currentFile, name, body })
}

export async function runAll(): Promise<void> {
  for (const { file, name, body } of waiting) {
    native.stdout(`${JSON.stringify({ file, name, failure: await failureOf(body) })}\n`)
  }
  native.exit(0)
}

async function failureOf(body: Body): Promise<string | null> {
  try {
    await body()
    return null
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error)
  }
}
