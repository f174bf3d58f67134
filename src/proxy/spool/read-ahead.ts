import type { TrailerField } from '../../http/trailer-fields.ts'
import type { Downstream } from '../downstream.ts'
import { SpoolFile } from './spool-file.ts'
import type { SpoolRoom } from './spool-room.ts'

/** Where the body of a response goes: to the client, or to what waits for it. */
export type BodyOutput = Pick<Downstream, 'sendBody' | 'sendTrailers' | 'endBody'>

/** What happens while a response waits for its client. */
export interface ReadAheadEvents {
  /** The upstream may be read on. */
  onRoom(): void
  /** The client was sent all of it, after it had been whole for a while. */
  onSent(): void
  /** What waited in the file cannot be had back, so the response cannot be finished. */
  onLost(fault: Error): void
  /** The file can take no more; what still comes waits in memory, and then in the upstream. */
  onFileFull(fault: Error): void
}

/** Bytes that wait are kept in pieces of this size. */
const PIECE_BYTES = 32_768
/** Memory of one response before its file is used; as much again while the disk is behind. */
const HELD_BYTES = 262_144
/** Where there is no memory left. */
const HELD_AT_LEAST_BYTES = PIECE_BYTES
/** nginx's `proxy_max_temp_file_size`. */
const FILE_BYTES = 1024 * 1024 * 1024

/**
 * Body bytes between an upstream that is quick and a client that is slow, so that the upstream is
 * done when it has sent its answer: first in memory, then in a file. Nothing waits that the client
 * can take.
 */
export class ReadAhead implements BodyOutput {
  /** Bytes that the client has not been sent. */
  waitingBytes = 0
  readonly #client: Downstream
  readonly #room: SpoolRoom
  readonly #events: ReadAheadEvents
  readonly #heldBytes: number
  #reservedBytes = 0
  /** Read back from the file: the oldest of all. */
  #loaded: Buffer | undefined
  #file: SpoolFile | undefined
  #fileStart = 0
  #fileEnd = 0
  #fileLimit = FILE_BYTES
  #isWriting = false
  #isLoading = false
  /** Whole pieces, younger than what is in the file. */
  #pieces: Buffer[] = []
  #filling: Buffer | undefined
  #filledBytes = 0
  #isFull = false
  #hasEnded = false
  #isClosed = false
  #trailers: readonly TrailerField[] | undefined

  constructor(client: Downstream, room: SpoolRoom, events: ReadAheadEvents) {
    this.#client = client
    this.#room = room
    this.#events = events
    if (room.memory.take(HELD_BYTES * 2)) this.#reservedBytes = HELD_BYTES * 2
    this.#heldBytes = this.#reservedBytes > 0 ? HELD_BYTES : HELD_AT_LEAST_BYTES
  }

  /** No more can be taken until `onRoom`. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** The response is whole, and the client has not been sent all of it. */
  get isAwaited(): boolean {
    return this.#hasEnded && !this.#isClosed
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    if (this.#isClosed) return
    if (this.waitingBytes === 0 && !this.#client.isCongested) {
      this.#client.sendBody(bytes, start, end)
      return
    }
    this.waitingBytes += end - start
    for (let at = start; at < end;) at += this.#keep(bytes, at, end)
    this.#spill()
    this.#isFull = this.#memoryBytes > this.#heldBytes * 2
  }

  sendTrailers(fields: readonly TrailerField[]): void {
    this.#trailers = fields
  }

  endBody(): void {
    this.#hasEnded = true
    if (this.waitingBytes === 0) this.#end()
  }

  /** The client can take more. */
  drain(): void {
    const client = this.#client
    while (!this.#isClosed && !client.isCongested && this.waitingBytes > 0) {
      const piece = this.#next()
      if (piece === undefined) return
      this.waitingBytes -= piece.length
      client.sendBody(piece, 0, piece.length)
      client.flush()
    }
    this.#makeRoom()
    if (this.waitingBytes > 0 || !this.isAwaited) return
    this.#end()
    this.#events.onSent()
  }

  /** The client is gone, or will be. */
  close(): void {
    this.#isClosed = true
    this.#pieces = []
    this.#file?.close()
    this.#room.memory.giveBack(this.#reservedBytes)
    this.#reservedBytes = 0
  }

  #end(): void {
    this.close()
    if (this.#trailers !== undefined) this.#client.sendTrailers(this.#trailers)
    this.#client.endBody()
  }

  get #memoryBytes(): number {
    return this.#pieces.length * PIECE_BYTES + this.#filledBytes
  }

  /** @returns how many bytes were kept */
  #keep(bytes: Buffer, at: number, end: number): number {
    const piece = (this.#filling ??= Buffer.allocUnsafeSlow(PIECE_BYTES))
    const count = bytes.copy(piece, this.#filledBytes, at, end)
    this.#filledBytes += count
    if (this.#filledBytes === PIECE_BYTES) {
      this.#pieces.push(piece)
      this.#filling = undefined
      this.#filledBytes = 0
    }
    return count
  }

  /** @returns the oldest bytes; nothing while they are on their way from or to the file */
  #next(): Buffer | undefined {
    const loaded = this.#loaded
    this.#loaded = undefined
    if (loaded !== undefined) return loaded
    if (this.#fileEnd > this.#fileStart) this.#load()
    if (this.#isLoading || this.#isWriting) return undefined
    return this.#pieces.shift() ?? this.#takeFilling()
  }

  #takeFilling(): Buffer {
    const piece = this.#filling!.subarray(0, this.#filledBytes)
    this.#filling = undefined
    this.#filledBytes = 0
    return piece
  }

  #makeRoom(): void {
    if (!this.#isFull || this.#isClosed || this.#memoryBytes > this.#heldBytes) return
    this.#isFull = false
    this.#events.onRoom()
  }

  // File

  /** The oldest of what memory has too much of goes behind what is in the file. */
  #spill(): void {
    const isEnough = this.#memoryBytes <= this.#heldBytes || this.#fileEnd >= this.#fileLimit
    if (this.#isWriting || this.#isClosed || isEnough) return
    const piece = this.#pieces.shift()!
    this.#file ??= new SpoolFile(this.#room.responses)
    this.#isWriting = true
    this.#file.write(piece, this.#fileEnd, (fault) => this.#written(piece, fault))
  }

  #written(piece: Buffer, fault: Error | undefined): void {
    this.#isWriting = false
    if (fault === undefined) {
      this.#fileEnd += piece.length
      this.#spill()
    } else {
      this.#pieces.unshift(piece)
      this.#fileLimit = 0
      this.#events.onFileFull(fault)
    }
    this.drain()
  }

  #load(): void {
    if (this.#isLoading) return
    this.#isLoading = true
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, this.#fileEnd - this.#fileStart))
    this.#file!.read(piece, this.#fileStart, (fault) => {
      this.#isLoading = false
      if (fault === undefined) this.#useLoaded(piece)
      else this.#events.onLost(fault)
    })
  }

  /** Once all was read back the file begins anew. */
  #useLoaded(piece: Buffer): void {
    this.#loaded = piece
    this.#fileStart += piece.length
    if (this.#fileStart === this.#fileEnd && !this.#isWriting) this.#fileStart = this.#fileEnd = 0
    this.drain()
  }
}
