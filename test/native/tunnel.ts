/** Runs on the device's host: begins in plain TCP, goes on in TLS, and reports what happens, one line of JSON each. */

import { utf8Bytes, utf8Text } from '../../src/core/text.ts'
import type { NativeSocket, NativeSocketHandlers, TlsSettings } from '../../src/device/native.ts'

/** What a test asks for, as JSON in the second argument. */
export interface Order {
  readonly port: number
  /** Path of a PEM file. */
  readonly ca: string
  /** Who the peer must be; default localhost. */
  readonly host?: string
  /** How many connections, one after the other. */
  readonly times?: number
}

const [name = '', json = '{}'] = native.args
const { port, ca, host = 'localhost', times = 1 } = JSON.parse(json) as Order

function report(event: object): void {
  native.stdout(`${JSON.stringify(event)}\n`)
}

function makeTls(): TlsSettings {
  const room = new Uint8Array(64 * 1024)
  const size = native.readFile(ca, room)
  const made = typeof size === 'string' ? size : native.makeTls([room.subarray(0, size)], null, null)
  if (typeof made === 'string') throw new Error(made)
  return made
}

const tls = makeTls()
const silent = { onOpen: () => undefined, onData: () => undefined, onDrain: () => undefined, onClose: () => undefined }

function connect(handlers: Partial<NativeSocketHandlers>): NativeSocket {
  return native.connect({ host: '127.0.0.1', port, tls: null }, { ...silent, ...handlers })
}

const cases: Record<string, () => void> = {
  /** Asks in plain text, goes on in TLS with the first bytes of the answer, and says hello. */
  upgrade() {
    let left = times
    const once = () => {
      let opened = 0
      let heard = ''
      let secured: string | null | undefined
      const socket = connect({
        onOpen: () => socket.write([utf8Bytes(++opened === 1 ? 'may I?' : 'hello')]),
        onData(bytes) {
          if (secured !== undefined) heard += utf8Text(bytes)
          else secured = socket.secure(tls, host, port)
        },
        onClose(error) {
          report({ opened, secured, heard, close: error })
          if (--left > 0) once()
          else native.exit(0)
        },
      })
    }
    once()
  },

  /** Asked for when it cannot be. */
  outOfTurn() {
    const socket = connect({
      onOpen() {
        while (socket.write([new Uint8Array(100_000)]));
        report({ writing: socket.secure(tls, host, port) })
        socket.destroy()
        report({ destroyed: socket.secure(tls, host, port) })
        native.exit(0)
      },
    })
    report({ connecting: socket.secure(tls, host, port) })
  },

  /** With settings that nobody else holds. */
  twice() {
    let opened = 0
    const socket = connect({
      onOpen() {
        report({ opened: ++opened, secured: socket.secure(makeTls(), host, port) })
        if (opened === 2) native.exit(0)
      },
    })
  },

  /** The end of the program while hands are shaken, and destroyed then. */
  leave() {
    for (const end of [() => undefined, (socket: NativeSocket) => socket.destroy()]) {
      const socket = connect({
        onOpen() {
          socket.write([utf8Bytes('may I?')])
        },
        onData() {
          report({ secured: socket.secure(tls, host, port) })
          end(socket)
          native.setTimer(50, () => native.exit(0))
        },
      })
    }
  },
}

const run = cases[name]
if (run === undefined) throw new Error(`no case "${name}"`)
run()
