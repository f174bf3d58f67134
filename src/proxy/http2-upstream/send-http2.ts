import { bodyNotStored, type BufferedRequest } from '../buffer-request.ts'
import type { ProxyExchange } from '../exchange.ts'
import type { BodySink } from '../request-body.ts'
import { StoredSender } from '../spool/stored-sender.ts'
import { JOINED_BYTES } from '../transport/transport.ts'
import { upstreamRequestHead, type SentBody } from '../upstream-request.ts'
import type { UpstreamStream } from './upstream-stream.ts'

/** What a request on its way waits for now. */
export type Awaited =
  /** The upstream takes no more at the moment. */
  | 'room'
  /** All was sent. */
  | 'response'
  /** The client, or the disk. */
  | 'body'

export interface RequestOwner {
  onAwaits(awaited: Awaited): void
}

/** Of a body that is held in memory, so much is given to the stream at a time. */
const PIECE_BYTES = 65_536

/** One request on its way out on a stream: held in memory, or in a file, or as it comes. */
export class Http2Request implements BodySink {
  /** It went out whole, or will without anybody's doing. */
  isSent = false
  /** The body goes out as it comes; it cannot be sent again. */
  isStreaming = false
  readonly #exchange: ProxyExchange
  readonly #stream: UpstreamStream
  readonly #owner: RequestOwner
  #unsent: Buffer | undefined
  #storedSender: StoredSender | undefined
  /** The owner was told so last, and hears when there is some. */
  #awaitsRoom = false

  constructor(exchange: ProxyExchange, stream: UpstreamStream, owner: RequestOwner) {
    this.#exchange = exchange
    this.#stream = stream
    this.#owner = owner
  }

  /** @param buffered where the body was wanted whole */
  begin(buffered: BufferedRequest | undefined): void {
    const { body, upstreamIfChanged } = this.#exchange
    const newBody = upstreamIfChanged?.newBody
    const stored = buffered?.stored
    if (newBody === undefined && !body.isComplete) this.#pipe()
    else if (newBody === undefined && stored !== undefined) {
      this.#sendHead(stored.length)
      const pieces = { writeBytes: (piece: Buffer) => this.#stream.sendBody(piece) }
      this.#storedSender = new StoredSender(stored, pieces, (fault) => this.#afterPiece(fault))
      this.#sendStored()
    } else this.#sendWhole(newBody ?? (body.heldBytes > 0 ? body.heldToSend() : undefined))
  }

  #head(body: SentBody): string {
    return upstreamRequestHead(this.#exchange, this.#exchange.peer!, body)
  }

  /** At once, whatever its body waits for: heads must go out in the order of their ids. @see RFC 9113 §5.1.1 */
  #sendHead(length: number): void {
    this.#stream.sendHead(this.#head(length))
    this.#stream.flush()
  }

  #sendWhole(whole: Buffer | undefined): void {
    const stream = this.#stream
    if (whole === undefined) this.#sendBare()
    else if (whole.length > JOINED_BYTES) {
      this.#sendHead(whole.length)
      this.#unsent = whole
      this.#sendHeld()
      return
    } else {
      const head = this.#head(whole.length)
      stream.sendWhole(head + whole.latin1Slice(), head.length)
    }
    this.isSent = true
    this.#tell()
  }

  #sendBare(): void {
    const { body, context, id } = this.#exchange
    const head = this.#head(body.framing.kind === 'none' ? 'none' : 0)
    this.#stream.sendBare(head, context.sendsRequestId ? id : '')
  }

  /** Piece by piece, so that what cannot go out yet is copied at the last moment. */
  #sendHeld(): void {
    const stream = this.#stream
    let unsent = this.#unsent!
    while (unsent.length > 0 && !stream.isCongested && !stream.isClosed) {
      stream.sendBody(unsent.subarray(0, PIECE_BYTES))
      unsent = unsent.subarray(PIECE_BYTES)
    }
    this.#unsent = unsent
    if (unsent.length === 0) this.#end()
    this.#tell()
  }

  #sendStored(): void {
    this.#owner.onAwaits('body')
    this.#storedSender!.sendNext()
  }

  #afterPiece(fault: Error | undefined): void {
    if (this.#stream.isClosed) return
    if (fault !== undefined) {
      bodyNotStored(this.#exchange, fault)
      return
    }
    if (this.#storedSender!.isDone) this.#end()
    if (this.isSent || this.#stream.isCongested) this.#tell()
    else this.#sendStored()
  }

  #pipe(): void {
    const { body } = this.#exchange
    const { framing } = body
    this.isStreaming = true
    this.#owner.onAwaits('body')
    // HTTP/2 has an end of bodies without a length, which needs no saying.
    this.#stream.sendHead(this.#head(framing.kind === 'length' ? framing.length : 'none'))
    body.pipe(this)
    this.#stream.flush()
  }

  takeBody(bytes: Buffer): void {
    const stream = this.#stream
    if (stream.isClosed) return
    stream.sendBody(bytes)
    if (!stream.isCongested) return
    this.#exchange.body.pause()
    this.#awaitRoom()
  }

  endBody(): void {
    if (this.#stream.isClosed) return
    this.#end()
    this.#tell()
  }

  #end(): void {
    this.isSent = true
    this.#stream.endBody()
  }

  #tell(): void {
    if (this.#stream.isCongested) this.#awaitRoom()
    else if (this.isSent) this.#owner.onAwaits('response')
  }

  #awaitRoom(): void {
    this.#awaitsRoom = true
    this.#owner.onAwaits('room')
  }

  /** Some of what has to wait has gone out: for the rest there is as much time again. */
  onMoved(): void {
    if (this.#awaitsRoom) this.#owner.onAwaits('room')
  }

  /** What had to wait has gone out, or the session has room again, whoever it was that waited. */
  onDrained(): void {
    if (!this.#awaitsRoom) return
    this.#awaitsRoom = false
    if (this.isSent) this.#tell()
    else if (this.isStreaming) {
      this.#owner.onAwaits('body')
      this.#exchange.body.resume()
    } else if (this.#storedSender !== undefined) this.#sendStored()
    else this.#sendHeld()
  }
}
