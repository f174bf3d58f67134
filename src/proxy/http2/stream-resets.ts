/** Streams that are reset too early, by either side: so many at once, then so many a second. */
const BURST = 200
const PER_SECOND = 20
/** Streams this side has reset, of which frames may still be on their way. */
const REMEMBERED = 256

/**
 * The streams of a connection that ended before their time: which ones, and whether that happens too
 * often.
 *
 * @see CVE-2023-44487, requests that are made only to be reset, and CVE-2025-8671, those that have the
 * other side reset them: both are work without an answer
 */
export class StreamResets {
  #ids: Set<number> | undefined
  #left = BURST
  #countedAtMs: number

  constructor(nowMs: number) {
    this.#countedAtMs = nowMs
  }

  /** Keeps the id of a stream that this side has reset; the oldest are forgotten. */
  remember(id: number): void {
    const ids = (this.#ids ??= new Set())
    ids.add(id)
    if (ids.size > REMEMBERED) ids.delete(ids.values().next().value!)
  }

  /** Whether this side has reset the stream, so that what comes on it may have been sent before. */
  has(id: number): boolean {
    return this.#ids?.has(id) === true
  }

  /** @returns false for one too many */
  count(nowMs: number): boolean {
    const earned = (Math.max(nowMs - this.#countedAtMs, 0) / 1000) * PER_SECOND
    this.#left = Math.min(BURST, this.#left + earned) - 1
    this.#countedAtMs = nowMs
    return this.#left >= 0
  }
}
