import type net from 'node:net'
import { TLSSocket } from 'node:tls'
import { beginTurn } from '../../base/turn-clock.ts'
import { isReadBuffer } from './read-buffers.ts'
import { NOBODY } from './sockets.ts'
import type { KeepAlive, Transport, TransportOwner } from './transport.ts'

/** A connection over Node's documented socket API; TLS sockets and unix sockets always use it. */
export class PublicTransport implements Transport {
  owner: TransportOwner
  isClosed = false
  isCongested = false
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly socket: net.Socket
  readonly #onData = (bytes: Buffer): void => {
    beginTurn()
    this.owner.onBytes(bytes, bytes.length)
  }

  constructor(socket: net.Socket, owner: TransportOwner) {
    this.socket = socket
    this.owner = owner
    this.remoteAddress = socket.remoteAddress ?? ''
    this.remotePort = socket.remotePort ?? 0
    this.localAddress = socket.localAddress ?? ''
    this.localPort = socket.localPort ?? 0
    socket.on('data', this.#onData)
    socket.on('end', () => this.owner.onEnd())
    socket.on('drain', () => {
      this.isCongested = false
      this.owner.onDrained()
    })
    // The reason of an error says nothing that the close does not: both end the exchange.
    socket.on('error', () => this.destroy())
    socket.on('close', () => {
      this.isClosed = true
      this.owner.onClosed()
    })
    socket.pause()
  }

  writeText(text: string): void {
    if (!this.isClosed && !this.socket.write(text, 'latin1')) this.isCongested = true
  }

  /** A stream keeps what it cannot write at once, and another connection may read into it meanwhile. */
  writeBytes(bytes: Buffer): void {
    if (this.isClosed) return
    const kept = isReadBuffer(bytes) ? Buffer.from(bytes) : bytes
    if (!this.socket.write(kept)) this.isCongested = true
  }

  /** Every read has a buffer of its own here. */
  setBulk(): void {}

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  end(): void {
    if (!this.isClosed) this.socket.end()
  }

  close(): void {
    if (!this.isClosed) this.socket.destroySoon()
  }

  destroy(): void {
    this.isClosed = true
    this.socket.destroy()
  }

  reset(): void {
    this.isClosed = true
    // Of TLS a client knows anyway when it was cut off: it ends with a word about it.
    if (this.socket instanceof TLSSocket) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  setKeepAlive(rules: KeepAlive): void {
    setSocketKeepAlive(this.socket, rules)
  }

  toSocket(rest: Buffer): net.Socket {
    this.owner = NOBODY
    this.socket.off('data', this.#onData)
    this.socket.pause()
    if (rest.length > 0) this.socket.unshift(rest)
    return this.socket
  }
}

export function setSocketKeepAlive(
  socket: net.Socket,
  { isOn, idleSeconds, intervalSeconds, probes }: KeepAlive,
): void {
  const ms = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000)
  // Interval and number are newer than the types.
  const settable = socket as unknown as {
    setKeepAlive(on: boolean, idleMs: number, intervalMs?: number, probes?: number): void
  }
  settable.setKeepAlive(isOn, idleSeconds * 1000, ms(intervalSeconds), probes)
}
