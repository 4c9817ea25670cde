/** A Matroska writer for tests, made apart from the product's: any width and kind of size, and the events to expect. */

import { hex, utf8Bytes } from '../text.ts'

export interface Node {
  readonly id: number
  readonly body: Uint8Array | readonly Node[]
  /** Width of the size field; the shortest where left out or too small. */
  readonly width?: number
  /** True for a size of all ones. */
  readonly unknown?: boolean
  /** What the reader is to tell at the element's begin and end. */
  readonly opens?: (start: number, contentStart: number, size: number | null) => readonly string[]
  readonly closes?: (end: number) => readonly string[]
}

export function bytesOf(value: number | bigint, width: number): Uint8Array {
  const out = new Uint8Array(width)
  let rest = BigInt(value)
  for (let i = width - 1; i >= 0; i--) {
    out[i] = Number(rest & 255n)
    rest >>= 8n
  }
  return out
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]))
}

/** An element ID or a size field by its text in hexadecimal digits, any bytes in fact. */
export function unhex(digits: string): Uint8Array {
  const compact = [...digits].filter((each) => each.trim() !== '' && each !== '|').join('')
  return Uint8Array.from({ length: compact.length / 2 }, (_, n) => Number.parseInt(compact.slice(2 * n, 2 * n + 2), 16))
}

function head(node: Node, size: number): Uint8Array {
  const id = unhex(node.id.toString(16))
  let width = node.width ?? 1
  if (node.unknown === true) return join(id, bytesOf((1n << BigInt(7 * width + 1)) - 1n, width))
  while (BigInt(size) >= (1n << BigInt(7 * width)) - 1n) width++
  return join(id, bytesOf((1n << BigInt(7 * width)) | BigInt(size), width))
}

export function encode(node: Node): Uint8Array {
  const body = node.body instanceof Uint8Array ? node.body : join(...node.body.map(encode))
  return join(head(node, body.length), body)
}

/** The events of a node that starts at `start`. */
export function expected(node: Node, start = 0): string[] {
  const body = node.body instanceof Uint8Array ? node.body : join(...node.body.map(encode))
  let at = start + head(node, body.length).length
  const events = [...(node.opens?.(start, at, node.unknown === true ? null : body.length) ?? [])]
  if (node.body instanceof Uint8Array) {
    at += body.length
  } else {
    for (const child of node.body) {
      events.push(...expected(child, at))
      at += encode(child).length
    }
  }
  return [...events, ...(node.closes?.(at) ?? [])]
}

/** An unsigned number in as few bytes as it takes. */
export function number(id: number, value: number | bigint): Node {
  let width = 1
  while (BigInt(value) >> BigInt(8 * width) > 0n) width++
  return { id, body: bytesOf(value, width) }
}

export function string(id: number, value: string): Node {
  return { id, body: utf8Bytes(value) }
}

export function ebml(docType = 'matroska'): Node {
  return {
    id: 0x1a45dfa3,
    body: [number(0x4286, 1), number(0x42f7, 1), string(0x4282, docType)],
    opens: (start) => [`ebml ${start}`],
  }
}

export interface BlockModel {
  readonly track: number
  readonly relative: number
  readonly flags: number
  readonly data: Uint8Array
  readonly form: 'simple' | 'group' | 'referenced'
}

export function block({ track, relative, flags, data, form }: BlockModel): Node {
  const key = form === 'simple' ? flags : form === 'group' ? flags | 0x80 : flags & 0x7f
  const trackBytes = track < 127 ? bytesOf(0x80 | track, 1) : bytesOf(0x4000 | track, 2)
  const content: Node = {
    id: form === 'simple' ? 0xa3 : 0xa1,
    body: join(trackBytes, bytesOf(relative & 0xffff, 2), bytesOf(flags, 1), data),
    opens: () => [`block ${track} ${relative} ${key} ${data.length}`, `data ${hex(data)}`],
  }
  if (form === 'simple') return content
  return { id: 0xa0, body: form === 'group' ? [content, number(0x9b, 40)] : [number(0xfb, 1), content] }
}

export function segment(body: readonly Node[], rest: Partial<Node> = {}): Node {
  return {
    id: 0x18538067,
    body,
    opens: (start, content, size) => [`segment ${start} ${start + 4} ${content - start - 4} ${size ?? 'unknown'}`],
    ...rest,
  }
}

export function cluster(body: readonly Node[], rest: Partial<Node> = {}): Node {
  return {
    id: 0x1f43b675,
    body,
    opens: (start) => [`cluster ${start}`],
    closes: (end) => [`clusterEnd ${end}`],
    ...rest,
  }
}

export function timecode(value: number): Node {
  return { ...number(0xe7, value), opens: () => [`timecode ${value}`] }
}

export function info(scale: number): Node {
  return {
    id: 0x1549a966,
    body: [{ id: 0x73a4, body: new Uint8Array(16) }, number(0x2ad7b1, scale), string(0x4d80, 'mux')],
    closes: () => [`info ${scale}`],
  }
}

export function tags(pairs: readonly (readonly [string, string])[]): Node {
  return {
    id: 0x1254c367,
    body: pairs.map(([name, value]) => ({
      id: 0x7373,
      body: [
        { id: 0x63c0, body: [] },
        { id: 0x67c8, body: [string(0x45a3, name), string(0x4487, value)] },
      ],
      closes: () => [`tag ${name}=${value}`],
    })),
    opens: (start) => [`tags ${start}`],
    closes: (end) => [`tagsEnd ${end}`],
  }
}
