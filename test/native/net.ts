/** Runs on the device's host: connects as told and reports what happens, one line of JSON each. */

import { utf8Bytes, utf8Text } from '../../src/core/text.ts'
import type { NativeSocket, NativeSocketHandlers, TlsSettings } from '../../src/device/native.ts'
import { pattern } from './pattern.ts'

/** What a test asks for, as JSON in the second argument. */
export interface Order {
  readonly host: string
  readonly port: number
  /** Paths of PEM files; absent: plain TCP. `ca` null: what is compiled in. */
  readonly tls?: { readonly ca: string | null; readonly certificate?: string; readonly key?: string }
  /** Written when the connection stands. */
  readonly say?: string
  /** How many connections, one after the other. */
  readonly times?: number
  /** Hosts to go to instead, one after the other, each trusting the authority in a PEM file. */
  readonly visits?: readonly { readonly host: string; readonly ca: string }[]
  /** Sizes of the parts of each write. */
  readonly writes?: readonly (readonly number[])[]
  /** The handler that destroys the connection. */
  readonly destroyIn?: string
}

const [name = '', json = '{}'] = native.args
const order = JSON.parse(json) as Order

function report(event: object): void {
  native.stdout(`${JSON.stringify(event)}\n`)
}

function file(path: string | undefined): Uint8Array | null {
  if (path === undefined) return null
  const room = new Uint8Array(64 * 1024)
  const size = native.readFile(path, room)
  if (typeof size === 'string') throw new Error(`${path}: ${size}`)
  return room.subarray(0, size)
}

function makeTls(): TlsSettings | string {
  const { ca = null, certificate, key } = order.tls ?? {}
  const anchors = ca === null ? null : [file(ca) ?? new Uint8Array(0)]
  return native.makeTls(anchors, file(certificate), file(key))
}

const silent: NativeSocketHandlers = {
  onOpen: () => undefined,
  onData: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
}

let settings: TlsSettings | string | null = null

function connect(handlers: Partial<NativeSocketHandlers>): NativeSocket {
  if (order.tls !== undefined) settings ??= makeTls()
  if (typeof settings === 'string') throw new Error(settings)
  return native.connect({ host: order.host, port: order.port, tls: settings }, { ...silent, ...handlers })
}

/** A second connection tells the server that it may read what comes on the first. */
function waits(): NativeSocket {
  return connect({})
}

function onClose(error: string | null, detail: string): void {
  report({ close: error, detail })
  native.exit(0)
}

/** Hundredths of a second of CPU that this process has used. */
function cpuTicks(tell: (ticks: number) => void): void {
  native.openInput('/proc/self/stat', {
    onData(bytes) {
      const fields = utf8Text(bytes).split(' ')
      tell(Number(fields[13]) + Number(fields[14]))
    },
    onEnd: () => undefined,
  })
}

/** What is used up of the CPU in a second from now. */
function reportTicks(done: () => void): void {
  cpuTicks((before) => {
    native.setTimer(1000, () => {
      cpuTicks((after) => {
        report({ ticks: after - before })
        done()
      })
    })
  })
}

const cases: Record<string, () => void> = {
  /** Says something, hears what comes until the peer ends. */
  talk() {
    let left = order.times ?? 1
    const once = () => {
      let calling = true
      let heard = ''
      const socket = connect({
        onOpen() {
          report({ open: true, ...(calling && { early: true }) })
          if (order.say !== undefined) report({ wrote: socket.write([utf8Bytes(order.say), new Uint8Array(0)]) })
        },
        onData(bytes) {
          heard += utf8Text(bytes)
        },
        onClose(error, detail) {
          report({ heard, close: error, detail, ...(calling && { early: true }) })
          if (--left > 0) once()
          else native.exit(0)
        },
      })
      report({ connecting: true })
      calling = false
    }
    once()
  },

  /** Goes from host to host, with one TlsSettings for each authority. */
  visit() {
    const { port, visits = [] } = order
    const made = new Map<string, TlsSettings>()
    const go = (at: number) => {
      const visit = visits[at]
      if (visit === undefined) {
        native.exit(0)
        return
      }
      const { host, ca } = visit
      const tls = made.get(ca) ?? native.makeTls([file(ca) ?? new Uint8Array(0)], null, null)
      if (typeof tls === 'string') throw new Error(tls)
      made.set(ca, tls)
      const socket: NativeSocket = native.connect(
        { host, port, tls },
        {
          ...silent,
          onOpen: () => void socket.write([utf8Bytes('x')]),
          onClose(error) {
            report({ host, close: error })
            go(at + 1)
          },
        },
      )
    }
    go(0)
  },

  /** Writes all that is ordered, piece by piece as there is room, then ends its side. */
  write() {
    let next = 0
    let drains = 0
    let sign: NativeSocket | undefined
    const socket = connect({
      onOpen: () => go(),
      onDrain() {
        drains++
        go()
      },
      onClose(error, detail) {
        report({ waited: drains > 0 })
        sign?.destroy()
        onClose(error, detail)
      },
    })
    function go(): void {
      for (let more = true; more; ) {
        const sizes = order.writes?.[next++]
        more = sizes !== undefined && socket.write(pattern(next, sizes))
        if (sizes === undefined) socket.end()
        else if (!more) sign ??= waits()
      }
    }
  },

  /** The peer has ended its side and reads nothing, while there is much to be written. */
  writeToSilence() {
    const socket = connect({
      onOpen() {
        // More than the buffers of both sides of a connection grow to.
        socket.write([new Uint8Array(32_000_000)])
        reportTicks(waits)
      },
      onClose,
    })
  },

  /** The end of the connection is followed by a second in which nothing is to be done. */
  idleAfterEnd() {
    connect({
      onClose(error) {
        report({ close: error })
        reportTicks(() => native.exit(0))
      },
    })
  },

  /** Nothing is called any more once it is destroyed, whichever handler does it. */
  destroy() {
    let destroyed = false
    const at = (handler: string) => {
      report({ [handler]: true, ...(destroyed && { afterwards: true }) })
      if (handler !== order.destroyIn) return
      socket.destroy()
      socket.destroy()
      report({ taken: socket.write([new Uint8Array(1)]) })
      socket.end()
      destroyed = true
      native.setTimer(50, () => native.exit(0))
    }
    const socket = connect({
      onOpen() {
        at('onOpen')
        if (destroyed || order.destroyIn !== 'onDrain') return
        while (socket.write([new Uint8Array(1_000_000)]));
        waits()
      },
      onData: () => at('onData'),
      onDrain: () => at('onDrain'),
      onClose: () => at('onClose'),
    })
    at('connect')
  },

  /** Destroyed while the name is looked up; the answer comes later, or the program ends before. */
  abandon() {
    connect({ onClose: () => report({ wrong: true }) }).destroy()
    connect({ onClose }).write([])
  },

  leave() {
    connect({ onClose }).destroy()
    connect({ onOpen: () => native.exit(0) })
    connect({})
  },

  /** Bytes that are kept longer than they are lent. */
  keep() {
    const kept: Uint8Array[] = []
    connect({
      onData: (bytes) => kept.push(bytes),
      onClose(error, detail) {
        report({ lengths: kept.map((bytes) => bytes.length) })
        onClose(error, detail)
      },
    })
  },

  /** A peer that never stops does not keep timers and other connections waiting. */
  flood() {
    let bytes = 0
    const socket = connect({ onData: (data) => (bytes += data.length), onClose })
    let left = 20
    const tick = () => {
      if (--left > 0 || bytes === 0) {
        native.setTimer(1, tick)
        return
      }
      report({ ticked: true })
      socket.destroy()
      native.exit(0)
    }
    native.setTimer(1, tick)
  },

  /** Written again before the last write was taken: a mistake of the program's. */
  outOfTurn() {
    const socket = connect({
      onOpen() {
        while (socket.write([new Uint8Array(100_000)]));
        socket.write([new Uint8Array(1)])
      },
    })
  },

  tls() {
    const made = makeTls()
    report({ made: typeof made === 'string' ? made : true })
    native.exit(0)
  },
}

const run = cases[name]
if (run === undefined) throw new Error(`no case "${name}"`)
run()
