import { beginTurn } from '../../base/turn-clock.ts'
import type { Transport } from '../transport/transport.ts'
import { PIECE_BYTES } from './piece-pool.ts'
import type { Done } from './spool-file.ts'
import type { StoredBody } from './stored-body.ts'

/** Sends a stored body over one connection, piece after piece, each read when it is asked for. */
export class StoredSender {
  /** All was written. */
  isDone = false
  readonly #stored: StoredBody
  readonly #transport: Pick<Transport, 'writeBytes'>
  readonly #onPiece: Done
  /** Not to be used for another connection: this one may not have sent it yet. */
  readonly #piece: Buffer
  #sentBytes = 0
  #isReading = false

  /** @param onPiece a piece was written, or cannot be read */
  constructor(stored: StoredBody, transport: Pick<Transport, 'writeBytes'>, onPiece: Done) {
    this.#stored = stored
    this.#transport = transport
    this.#onPiece = onPiece
    this.#piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, stored.length))
  }

  /** To be called when the connection has taken the last piece. */
  sendNext(): void {
    if (this.#isReading || this.isDone) return
    this.#isReading = true
    const piece = this.#piece.subarray(0, this.#stored.length - this.#sentBytes)
    this.#stored.read(piece, this.#sentBytes, (fault) => {
      beginTurn()
      this.#isReading = false
      if (fault === undefined) this.#write(piece)
      this.#onPiece(fault)
    })
  }

  #write(piece: Buffer): void {
    this.#transport.writeBytes(piece)
    this.#sentBytes += piece.length
    this.isDone = this.#sentBytes === this.#stored.length
  }
}
