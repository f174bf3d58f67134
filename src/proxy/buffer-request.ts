import { beginTurn } from '../base/turn-clock.ts'
import type { ProxyExchange } from './exchange.ts'
import type { CollectOutcome } from './request-body.ts'
import { StoredBody } from './spool/stored-body.ts'
import type { Transport } from './transport/transport.ts'

/** Bodies up to this size are held whoever else holds some: every connection has memory for so much. */
const SURELY_HELD_BYTES = 65_536

/**
 * Waits for the whole of a request body, so that slow clients keep no upstream busy: in memory where
 * it is small enough and there is some left, else in a file.
 */
export class BufferedRequest {
  /** The body, unless it is held in memory. */
  stored: StoredBody | undefined
  readonly #exchange: ProxyExchange
  readonly #whenWhole: () => void
  #reservedBytes = 0
  #isClosed = false

  /** @param whenWhole not called when the rest of the body cannot be had, of which the stage hears */
  constructor(exchange: ProxyExchange, whenWhole: () => void) {
    this.#exchange = exchange
    this.#whenWhole = whenWhole
  }

  start(): void {
    const { body, context } = this.#exchange
    const limitBytes = context.limits.bufferedBodyBytes
    const wantedBytes = body.knownLength ?? limitBytes
    if (wantedBytes <= SURELY_HELD_BYTES || this.#reserve(wantedBytes, limitBytes))
      body.collect(Math.min(wantedBytes, limitBytes), (outcome) => this.#collected(outcome))
    else this.#store()
  }

  #reserve(bytes: number, limitBytes: number): boolean {
    if (bytes > limitBytes || !this.#exchange.context.spool.memory.take(bytes)) return false
    this.#reservedBytes = bytes
    return true
  }

  #collected(outcome: CollectOutcome): void {
    if (outcome === 'failed' || this.#isClosed) return
    if (outcome === 'complete') this.#whenWhole()
    else {
      this.#giveBackMemory()
      this.#store()
    }
  }

  #store(): void {
    const { body, context } = this.#exchange
    this.stored = new StoredBody(body, context.spool, (fault) => {
      beginTurn()
      if (fault === undefined) this.#whenWhole()
      else bodyNotStored(this.#exchange, fault)
    })
    this.stored.start()
  }

  /** The body is wanted no more. */
  close(): void {
    this.#isClosed = true
    this.stored?.close()
    this.#giveBackMemory()
  }

  /**
   * The request was answered, so its memory may serve the next one: unless a connection may still have
   * to send some of it, or a plugin may ask for it.
   */
  recycle({ isCongested }: Pick<Transport, 'isCongested'>): void {
    const { body, failedTries, collected } = this.#exchange
    const isFree = !isCongested && failedTries.length === 0 && collected.response.length === 0
    if (isFree) body.recycle()
  }

  #giveBackMemory(): void {
    if (this.#reservedBytes === 0) return
    this.#exchange.context.spool.memory.giveBack(this.#reservedBytes)
    this.#reservedBytes = 0
  }
}

/** The body cannot be written to where it is kept, or not read from there. */
export function bodyNotStored({ context, id, stage }: ProxyExchange, fault: Error): void {
  context.log.error(`Cannot keep the request body of exchange ${id}`, fault)
  stage?.onBodyFault('body_not_stored')
}
