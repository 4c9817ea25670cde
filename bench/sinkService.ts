/** A connection to the sink that plays the service: control plane, PutMedia, acks. */

import type { TLSSocket } from 'node:tls'
import { sharedMs } from './children.ts'

/** Cluster of unknown size, then Timestamp of 8 bytes: as this producer writes them, always at the start of a chunk. */
const clusterHead = '\x1f\x43\xb6\x75\xff\xe7\x88'
const clusterStartBytes = clusterHead.length + 8
/** Tags come only at the end, behind the last fragment. */
const tagsId = '\x12\x54\xc3\x67'
const lastChunk = '0\r\n\r\n'

export interface ServiceSettings {
  /** Where the sink listens. */
  readonly port: number
  /** False: no fragment is ever PERSISTED, so that a producer keeps all that its buffer holds. */
  readonly persist: boolean
}

export class ServiceConnection {
  /** Bytes of the body of PutMedia. */
  bodyBytes = 0
  /** When the first of them came, on the clock that processes share; 0: not yet. */
  firstMediaMs = 0
  readonly #socket: TLSSocket
  readonly #settings: ServiceSettings
  readonly #onPutMedia: () => void
  #text = ''
  #media = false
  #timecode = -1
  #fragments = 0
  /** Bytes to pass over until the next chunk's size line. */
  #skip = 0
  /** The size line and the beginning of a chunk, as far as they have come. */
  #head = ''
  #over = false

  constructor(socket: TLSSocket, settings: ServiceSettings, onPutMedia: () => void) {
    this.#socket = socket
    this.#settings = settings
    this.#onPutMedia = onPutMedia
    socket.on('data', (bytes: Buffer) => (this.#media ? this.#onMedia(bytes) : this.#onRequest(bytes)))
  }

  #onRequest(bytes: Buffer): void {
    this.#text += bytes.toString('latin1')
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#text.slice(0, end).toLowerCase()
    if (head.startsWith('post /putmedia ')) {
      this.#accept()
      return
    }
    const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0)
    if (this.#text.length < end + 4 + length) return
    this.#text = this.#text.slice(end + 4 + length)
    this.#reply(head.startsWith('post /describestream ') ? describeStream : { DataEndpoint: this.#url() })
  }

  #url(): string {
    return `https://127.0.0.1:${this.#settings.port}`
  }

  #reply(value: object): void {
    const body = JSON.stringify(value)
    this.#socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  }

  /** The client waits for this with its media. */
  #accept(): void {
    this.#media = true
    this.#onPutMedia()
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
  }

  /** Hops from chunk to chunk of HTTP's framing; of the media only the first bytes of each chunk are looked at. */
  #onMedia(bytes: Buffer): void {
    this.firstMediaMs ||= sharedMs()
    this.bodyBytes += bytes.length
    let at = 0
    while (at < bytes.length && !this.#over) {
      if (this.#skip > 0) {
        const length = Math.min(this.#skip, bytes.length - at)
        this.#skip -= length
        at += length
      } else {
        const wanted = this.#wanted()
        const length = Math.min(wanted - this.#head.length, bytes.length - at)
        this.#head += bytes.toString('latin1', at, at + length)
        at += length
        if (this.#head.length === this.#wanted()) this.#onChunk()
      }
    }
  }

  /** How many bytes of the chunk's size line and of its beginning are needed. */
  #wanted(): number {
    const line = this.#head.indexOf('\r\n')
    if (line < 0) return this.#head.length + 1
    const bytes = Number.parseInt(this.#head, 16)
    return line + 2 + Math.min(bytes, clusterStartBytes)
  }

  #onChunk(): void {
    const bytes = Number.parseInt(this.#head, 16)
    const start = this.#head.slice(this.#head.indexOf('\r\n') + 2)
    this.#head = ''
    this.#skip = bytes - start.length + 2
    if (start.startsWith(clusterHead)) {
      this.#onCluster(Number(Buffer.from(start, 'latin1').readBigUInt64BE(clusterHead.length)))
    } else if (start.startsWith(tagsId)) {
      this.#confirm()
    } else if (bytes === 0) {
      this.#over = true
      this.#socket.end(lastChunk)
    }
  }

  #onCluster(timecode: number): void {
    this.#confirm()
    this.#timecode = timecode
    this.#fragments++
    this.#ack('BUFFERING')
  }

  #confirm(): void {
    if (this.#timecode < 0) return
    this.#ack('RECEIVED')
    if (this.#settings.persist) this.#ack('PERSISTED')
    this.#timecode = -1
  }

  #ack(type: string): void {
    const number = String(this.#fragments).padStart(47, '0')
    const line = `{"EventType":"${type}","FragmentTimecode":${this.#timecode},"FragmentNumber":"${number}"}\n`
    this.#socket.write(`${line.length.toString(16)}\r\n${line}\r\n`)
  }
}

const describeStream = {
  StreamInfo: {
    StreamName: 'bench',
    StreamARN: 'arn:aws:kinesisvideo:us-west-2:123456789012:stream/bench/1',
    Status: 'ACTIVE',
    DataRetentionInHours: 2,
    MediaType: 'video/h264',
    CreationTime: 1,
    Version: '1',
  },
}
