import { createHash, randomBytes } from 'node:crypto'

/** From which all threads derive the same keys; handed to threads when they start. */
export interface TicketState {
  readonly secret: Uint8Array
  readonly sinceMs: number
  readonly periodMs: number
}

const SECRET_BYTES = 32
/** What Node wants: a name, an HMAC key and an AES key of 16 bytes each. */
const KEY_BYTES = 48
const MIN_PERIOD_MS = 60_000

export function makeTicketState(periodMs: number, nowMs: number): TicketState {
  const secret = randomBytes(SECRET_BYTES)
  return { secret, sinceMs: nowMs, periodMs: Math.max(periodMs, MIN_PERIOD_MS) }
}

/**
 * The keys under which TLS sessions are handed to clients, the same in all threads without a word
 * between them. After each period a secret follows from the one before and that one is forgotten,
 * so that keys found in memory do not open what was recorded earlier.
 */
export class TicketKeys {
  #state: TicketState

  constructor(state: TicketState) {
    this.#state = state
  }

  /** What a thread that starts now is to be given. */
  state(nowMs: number): TicketState {
    while (nowMs >= this.endsAtMs) {
      const { secret, periodMs } = this.#state
      this.#state = {
        secret: derive('next', secret, SECRET_BYTES),
        sinceMs: this.endsAtMs,
        periodMs,
      }
    }
    return this.#state
  }

  /** In the form of Node's option `ticketKeys`. */
  keys(nowMs: number): Buffer {
    return derive('keys', this.state(nowMs).secret, KEY_BYTES)
  }

  /** When other keys follow. */
  get endsAtMs(): number {
    return this.#state.sinceMs + this.#state.periodMs
  }
}

function derive(purpose: string, secret: Uint8Array, bytes: number): Buffer {
  return createHash('sha512').update(purpose).update(secret).digest().subarray(0, bytes)
}
