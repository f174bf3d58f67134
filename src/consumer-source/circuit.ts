/** So many failures in a row open the circuit. */
const FAILURES_TO_OPEN = 5
/** How long a source is left alone before it is tried again. */
const OPEN_MS = 2000

/** Whether a source is worth asking. Open, it lets one question through every now and then. */
export class Circuit {
  readonly #now: () => number
  #failures = 0
  #closedAgainAt = 0

  /** @param now Unix time in ms */
  constructor(now: () => number) {
    this.#now = now
  }

  get isOpen(): boolean {
    return this.#failures >= FAILURES_TO_OPEN
  }

  /** Whether to ask now. An open circuit counts a yes as its trial. */
  mayAsk(): boolean {
    if (!this.isOpen) return true
    const now = this.#now()
    if (now < this.#closedAgainAt) return false
    this.#closedAgainAt = now + OPEN_MS
    return true
  }

  /** @returns whether that has closed it */
  succeeded(): boolean {
    const wasOpen = this.isOpen
    this.#failures = 0
    return wasOpen
  }

  /** @returns whether that has opened it */
  failed(): boolean {
    this.#failures += 1
    if (this.isOpen) this.#closedAgainAt = this.#now() + OPEN_MS
    return this.#failures === FAILURES_TO_OPEN
  }
}
