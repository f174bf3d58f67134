import type { Socket } from 'node:net'
import { beginTurn } from '../../base/turn-clock.ts'
import { ConnectionEnds } from './connection-ends.ts'
import { lastRead, readBuffer } from './fast-transport.ts'
import type { TcpBinding, TcpHandle, WriteRequest } from './tcp-binding.ts'
import type { TlsHandle } from './tls-binding.ts'
import { NOBODY } from './sockets.ts'
import type { Transport, TransportOwner } from './transport.ts'

/** What may wait to be written before it counts as congestion. */
const HIGH_WATER_BYTES = 65_536
const END_OF_FILE = -4095

/** The handles of a connection that speaks TLS. */
export interface SecuredHandles {
  readonly binding: TcpBinding
  readonly tcp: TcpHandle
  readonly tls: TlsHandle
}

/**
 * TLS on its handle, without stream objects. One write is under way at a time; what comes meanwhile
 * waits, and goes out together.
 */
export class FastTlsTransport extends ConnectionEnds implements Transport {
  owner: TransportOwner = NOBODY
  isClosed = false
  readonly #handles: SecuredHandles
  #unwrittenBytes = 0
  #isWriting = false
  #isCongested = false
  #waitingText = ''
  #waiting: Buffer[] = []
  #isReading = false
  /** Decrypted together with what was read last, while nobody wants more. */
  #early: Buffer[] = []
  #hasEnded = false
  #endsWhenWritten: 'with-close' | 'half' | undefined

  constructor(handles: SecuredHandles) {
    super(handles.tcp)
    const { tls } = handles
    this.#handles = handles
    tls.owner = this
    tls.onread = onRead
    tls.onerror = onError
    // A handshake that begins anew asks for work that costs the client little: nginx refuses it, too.
    tls.onhandshakestart = onRenegotiation.bind(tls)
    tls.useUserBuffer(readBuffer)
  }

  get isCongested(): boolean {
    return this.#isCongested
  }

  // Reading

  received(length: number): void {
    beginTurn()
    if (this.isClosed || length === 0) return
    if (length > 0) {
      if (this.#isReading) this.owner.onBytes(readBuffer, length)
      else this.#early.push(Buffer.from(readBuffer.subarray(0, length)))
    } else if (length !== END_OF_FILE) this.destroy()
    else if (this.#early.length > 0) this.#hasEnded = true
    else this.owner.onEnd()
  }

  setBulk(): void {
    // What is written is encrypted at once, so that the read buffer is free again.
  }

  pause(): void {
    if (!this.#isReading || this.isClosed) return
    this.#isReading = false
    this.#handles.tls.readStop()
  }

  resume(): void {
    if (this.#isReading || this.isClosed) return
    this.#isReading = true
    if (this.#early.length > 0) process.nextTick(() => this.#readEarly())
    else this.#handles.tls.readStart()
  }

  #readEarly(): void {
    beginTurn()
    while (this.#isReading && !this.isClosed && this.#early.length > 0) {
      const bytes = this.#early.shift()!
      this.owner.onBytes(bytes, bytes.length)
    }
    if (!this.#isReading || this.isClosed) return
    if (!this.#hasEnded) this.#handles.tls.readStart()
    else {
      this.#hasEnded = false
      this.owner.onEnd()
    }
  }

  // Writing

  writeText(text: string): void {
    if (this.isClosed) return
    this.#count(text.length)
    if (this.#isWriting) this.#waitingText += text
    else {
      const request = this.#newRequest(text.length)
      this.#written(this.#handles.tls.writeLatin1String(request, text))
    }
  }

  writeBytes(bytes: Buffer): void {
    if (this.isClosed) return
    this.#count(bytes.length)
    if (!this.#isWriting) this.#writeNow(bytes)
    else {
      this.#keepText()
      this.#waiting.push(bytes.buffer === readBuffer.buffer ? Buffer.from(bytes) : bytes)
    }
  }

  #writeNow(bytes: Buffer): void {
    const request = this.#newRequest(bytes.length)
    this.#written(this.#handles.tls.writeBuffer(request, bytes))
  }

  /** Texts and bytes that wait stay in order. */
  #keepText(): void {
    if (this.#waitingText === '') return
    this.#waiting.push(Buffer.from(this.#waitingText, 'latin1'))
    this.#waitingText = ''
  }

  #count(bytes: number): void {
    this.#unwrittenBytes += bytes
    if (this.#unwrittenBytes > HIGH_WATER_BYTES) this.#isCongested = true
  }

  #newRequest(bytes: number): WriteRequest {
    const request = this.#handles.binding.newWriteRequest()
    request.transport = this
    request.length = bytes
    request.oncomplete = onWritten
    return request
  }

  #written(error: number): void {
    this.#isWriting = true
    // Not in the middle of what is writing.
    if (error !== 0) process.nextTick(() => this.destroy())
  }

  completed(status: number, bytes: number): void {
    beginTurn()
    this.#isWriting = false
    this.#unwrittenBytes -= bytes
    if (this.isClosed) return
    if (status < 0) this.destroy()
    else if (this.#waiting.length > 0 || this.#waitingText !== '') this.#writeWaiting()
    else if (this.#endsWhenWritten !== undefined) this.#shutDown()
    if (this.#unwrittenBytes > 0 || !this.#isCongested || this.isClosed) return
    this.#isCongested = false
    this.owner.onDrained()
  }

  #writeWaiting(): void {
    if (this.#waiting.length === 0) {
      const text = this.#waitingText
      this.#waitingText = ''
      this.#written(this.#handles.tls.writeLatin1String(this.#newRequest(text.length), text))
      return
    }
    this.#keepText()
    const [first, ...others] = this.#waiting
    this.#waiting = []
    this.#writeNow(others.length === 0 ? first! : Buffer.concat([first!, ...others]))
  }

  // The end

  end(): void {
    this.#endWhenWritten('half')
  }

  close(): void {
    this.#endWhenWritten('with-close')
  }

  #endWhenWritten(how: 'with-close' | 'half'): void {
    if (this.isClosed || this.#endsWhenWritten === 'with-close') return
    const hasEnded = this.#endsWhenWritten !== undefined && !this.#isWriting
    this.#endsWhenWritten = how
    if (hasEnded && how === 'with-close') this.destroy()
    else if (!this.#isWriting) this.#shutDown()
  }

  #shutDown(): void {
    const request = this.#handles.binding.newShutdownRequest() as { oncomplete?: () => void }
    const closes = this.#endsWhenWritten === 'with-close'
    request.oncomplete = () => {
      if (closes) this.destroy()
    }
    if (this.#handles.tls.shutdown(request) !== 0) this.destroy()
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

  #closed(): void {
    this.#early = []
    this.#waiting = []
    this.#handles.tls.onread = ignoreRead
    release(this.#handles.tls)
    this.owner.onClosed()
  }

  /** Nothing that asks for a socket comes by TLS. */
  toSocket(): Socket {
    throw new TypeError('Cannot give up a connection that speaks TLS to a stream object')
  }
}

/** Lets go of what TLS holds, when nothing of it is at work any more. */
export function release(tls: TlsHandle): void {
  setImmediate(() => tls.destroySSL())
}

function onRead(this: TlsHandle): undefined {
  ;(this.owner as FastTlsTransport).received(lastRead())
}

function ignoreRead(this: TlsHandle): undefined {
  return undefined
}

function onError(this: TlsHandle): void {
  ;(this.owner as FastTlsTransport).destroy()
}

function onRenegotiation(this: TlsHandle): void {
  ;(this.owner as FastTlsTransport).destroy()
}

function onWritten(this: WriteRequest, status: number): void {
  ;(this.transport as FastTlsTransport).completed(status, this.length)
}
