import type { BodySink, RequestBody } from '../request-body.ts'
import { givePiece, PIECE_BYTES, SMALL_PIECE_BYTES, takePiece } from './piece-pool.ts'
import { SpoolFile, type Done } from './spool-file.ts'
import type { SpoolMemory, SpoolRoom } from './spool-room.ts'

/** One piece is being written, one is full, one is being filled. */
const PIECES = 3

/**
 * A request body that is too large to be held: it comes whole into a file, from where it can be sent
 * as often as it takes. The client is not read while the disk is behind.
 */
export class StoredBody implements BodySink {
  /** Bytes in the file, once the body is whole. */
  length = 0
  readonly #file: SpoolFile
  readonly #memory: SpoolMemory
  readonly #body: RequestBody
  readonly #done: Done
  readonly #pieceBytes: number
  #reservedBytes: number
  #filling: Buffer | undefined
  #filledBytes = 0
  readonly #full: Buffer[] = []
  #isWriting = false
  #isPaused = false
  #hasEnded = false
  #isClosed = false

  /** @param done called once, when all is in the file or cannot be written */
  constructor(body: RequestBody, { requests, memory }: SpoolRoom, done: Done) {
    this.#body = body
    this.#memory = memory
    this.#done = done
    this.#file = new SpoolFile(requests)
    const isGranted = memory.take(PIECES * PIECE_BYTES)
    this.#reservedBytes = isGranted ? PIECES * PIECE_BYTES : 0
    this.#pieceBytes = isGranted ? PIECE_BYTES : SMALL_PIECE_BYTES
  }

  start(): void {
    this.#body.pipe(this)
  }

  takeBody(bytes: Buffer): void {
    if (this.#isClosed) return
    let at = 0
    while (at < bytes.length) {
      const piece = (this.#filling ??= takePiece(this.#pieceBytes))
      const count = bytes.copy(piece, this.#filledBytes, at)
      at += count
      this.#filledBytes += count
      if (this.#filledBytes === piece.length) this.#endPiece()
    }
    if (this.#full.length === 0 || this.#isPaused) return
    this.#isPaused = true
    this.#body.pause()
  }

  endBody(): void {
    if (this.#isClosed) return
    this.#hasEnded = true
    if (this.#filledBytes > 0) this.#endPiece()
    else if (!this.#isWriting) this.#end(undefined)
  }

  #endPiece(): void {
    this.#full.push(this.#filling!.subarray(0, this.#filledBytes))
    this.#filling = undefined
    this.#filledBytes = 0
    if (!this.#isWriting) this.#writeNext()
  }

  #writeNext(): void {
    const bytes = this.#full.shift()
    if (bytes === undefined) return
    this.#isWriting = true
    this.#file.write(bytes, this.length, (fault) => this.#written(bytes, fault))
  }

  #written(bytes: Buffer, fault: Error | undefined): void {
    this.#isWriting = false
    if (fault !== undefined) {
      this.#end(fault)
      return
    }
    this.length += bytes.length
    givePiece(bytes)
    this.#writeNext()
    if (this.#hasEnded && !this.#isWriting) this.#end(undefined)
    else if (this.#isPaused) {
      this.#isPaused = false
      this.#body.resume()
    }
  }

  #end(fault: Error | undefined): void {
    this.#giveBackMemory()
    this.#done(fault)
  }

  /** Reads a part of the whole body. @param into as long as the part */
  read(into: Buffer, position: number, done: Done): void {
    this.#file.read(into, position, done)
  }

  /** Whatever it is doing, it is wanted no more. */
  close(): void {
    this.#isClosed = true
    this.#giveBackMemory()
    this.#file.close()
  }

  #giveBackMemory(): void {
    this.#memory.giveBack(this.#reservedBytes)
    this.#reservedBytes = 0
  }
}
