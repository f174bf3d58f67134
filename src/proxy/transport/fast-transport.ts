import { Socket } from 'node:net'
import { beginTurn } from '../../base/turn-clock.ts'
import { readByWords } from '../../http/byte-words.ts'
import { ConnectionEnds } from './connection-ends.ts'
import type { TcpBinding, TcpHandle, WriteRequest } from './tcp-binding.ts'
import { newReadBuffer, READ_BUFFER_BYTES } from './read-buffers.ts'
import { NOBODY } from './sockets.ts'
import type { Transport, TransportOwner } from './transport.ts'

const POOL_LIMIT = 64

/**
 * Read buffers. All quiet connections of a worker share one: a read callback has used or copied its
 * bytes before the next read can happen. A connection in bulk borrows one of its own, whose bytes a
 * pending write may still need after the callback.
 */
const shared = newReadBuffer()
readByWords(shared)
export { shared as readBuffer }
const pool: Buffer[] = []

/** A socket without a stream object: reads into a static buffer, writes on the handle. */
export class FastTransport extends ConnectionEnds implements Transport {
  owner: TransportOwner
  isClosed = false
  readonly #binding: TcpBinding
  #buffer: Buffer = shared
  #nextBuffer: Buffer = shared
  #isBufferFree = true
  #pendingWrites = 0
  #isReading = false
  #closesWhenWritten = false

  constructor(binding: TcpBinding, handle: TcpHandle, owner: TransportOwner) {
    super(handle)
    this.#binding = binding
    this.owner = owner
    handle.owner = this
    handle.onread = onRead
    handle.useUserBuffer(shared)
  }

  static readonly bufferBytes = READ_BUFFER_BYTES

  get isCongested(): boolean {
    return this.#pendingWrites > 0
  }

  /** Called by the handle for every read; the return value is the buffer of the next one. */
  received(length: number): Buffer | undefined {
    beginTurn()
    if (length > 0) {
      this.owner.onBytes(this.#buffer, length)
      return this.#switchBuffer()
    }
    if (length === 0 || this.isClosed) return undefined
    this.#isReading = false
    if (length === END_OF_FILE) this.owner.onEnd()
    else this.destroy()
    return undefined
  }

  #switchBuffer(): Buffer | undefined {
    if (this.#nextBuffer === this.#buffer || this.isClosed) return undefined
    if (this.#nextBuffer === shared && this.#isBufferFree) releaseBuffer(this.#buffer)
    this.#buffer = this.#nextBuffer
    return this.#buffer
  }

  writeText(text: string): void {
    if (this.isClosed) return
    const request = spareRequest ?? this.#binding.newWriteRequest()
    this.#written(this.tcp.writeLatin1String(request, text), request)
  }

  writeBytes(bytes: Buffer): void {
    if (this.isClosed) return
    const request = spareRequest ?? this.#binding.newWriteRequest()
    const kept = bytes.buffer === shared.buffer ? Buffer.from(bytes) : bytes
    this.#written(this.tcp.writeBuffer(request, kept), request, kept)
  }

  /** A request object is used up only by a write that could not be finished at once. */
  #written(error: number, request: WriteRequest, bytes?: Buffer): void {
    spareRequest = request
    if (error !== 0) {
      process.nextTick(() => this.destroy())
      return
    }
    if (this.#binding.state[this.#binding.lastWriteWasAsync] === 0) return
    spareRequest = undefined
    request.transport = this
    // The system has but a pointer to them: what nobody holds is freed under it.
    request.bytes = bytes
    request.oncomplete = onWritten
    this.#pendingWrites += 1
  }

  completed(status: number): void {
    beginTurn()
    this.#pendingWrites -= 1
    if (this.isClosed) return
    if (status < 0) this.destroy()
    else if (this.#pendingWrites === 0 && this.#closesWhenWritten) this.destroy()
    else if (this.#pendingWrites === 0) this.owner.onDrained()
  }

  setBulk(isBulk: boolean, isBufferFree = true): void {
    this.#isBufferFree = isBufferFree
    if (!isBulk) {
      this.#nextBuffer = shared
      if (!this.#isReading && !isBufferFree) this.#leaveBuffer()
    } else if (this.#nextBuffer === shared)
      this.#nextBuffer = this.#buffer === shared ? borrowBuffer() : this.#buffer
  }

  /** While nothing is read no callback can hand over the next buffer, and the next read must not go here. */
  #leaveBuffer(): void {
    if (this.#buffer === shared || this.isClosed) return
    this.#buffer = shared
    this.tcp.useUserBuffer(shared)
  }

  pause(): void {
    if (!this.#isReading || this.isClosed) return
    this.#isReading = false
    this.tcp.readStop()
  }

  resume(): void {
    if (this.#isReading || this.isClosed) return
    this.#isReading = true
    this.tcp.readStart()
  }

  end(): void {
    if (this.isClosed) return
    const request = this.#binding.newShutdownRequest() as { oncomplete?: () => void }
    request.oncomplete = () => {}
    if (this.tcp.shutdown(request) !== 0) this.destroy()
  }

  close(): void {
    if (this.#pendingWrites === 0) this.destroy()
    else this.#closesWhenWritten = true
  }

  destroy(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.tcp.close(() => this.#closed())
  }

  reset(): void {
    if (this.isClosed) return
    this.isClosed = true
    if (this.tcp.reset(() => this.#closed()) !== 0) this.tcp.close(() => this.#closed())
  }

  /**
   * Whoever takes the socket must read it by listening on the handle, as TLS and HTTP/2 do: reads of
   * the stream itself would go into the buffer of this transport.
   */
  toSocket(rest: Buffer): Socket {
    this.pause()
    this.isClosed = true
    this.owner = NOBODY
    const options = { handle: this.tcp, manualStart: true }
    const socket = new Socket(options as object)
    if (rest.length > 0) socket.unshift(rest)
    return socket
  }

  #closed(): void {
    // A private buffer goes to waste, not back: a write cut off by the close may still point at it.
    this.tcp.onread = ignoreRead
    this.owner.onClosed()
  }
}

const END_OF_FILE = -4095
let spareRequest: WriteRequest | undefined
let stateOfBinding: { readonly state: Int32Array; readonly position: number } | undefined

/** Tells the read callback where the result of a read stands. */
export function useBinding(binding: TcpBinding): void {
  stateOfBinding = { state: binding.state, position: binding.readBytesOrError }
}

function onRead(this: TcpHandle): Buffer | undefined {
  return (this.owner as FastTransport).received(lastRead())
}

/** What the read came to that a callback is told of: bytes, 0, or a negative error. */
export function lastRead(): number {
  const { state, position } = stateOfBinding!
  return state[position]!
}

function ignoreRead(this: TcpHandle): undefined {
  return undefined
}

function onWritten(this: WriteRequest, status: number): void {
  ;(this.transport as FastTransport).completed(status)
}

function borrowBuffer(): Buffer {
  return pool.pop() ?? newReadBuffer()
}

function releaseBuffer(buffer: Buffer): void {
  if (buffer !== shared && pool.length < POOL_LIMIT) pool.push(buffer)
}
