/** How slowly a client may send a body. */
export interface BodyPaceLimits {
  readonly bodyTimeoutMs: number
  /** 0: any pace will do. */
  readonly minBodyBytesPerSecond: number
}

/** Connections have to get going first. */
const GRACE_MS = 5000

/**
 * Until when the next bytes of a body must come: within the time for a pause, and so that the body
 * as a whole keeps the least pace. Time in which nobody wanted them does not count.
 */
export class BodyPace {
  #startedAtMs = -1
  #pausedAtMs = -1

  /** @param receivedBytes of the body so far */
  deadlineMs(receivedBytes: number, limits: BodyPaceLimits, nowMs: number): number {
    const pauseEndsMs = nowMs + limits.bodyTimeoutMs
    const { minBodyBytesPerSecond: pace } = limits
    if (pace === 0) return pauseEndsMs
    if (this.#startedAtMs === -1) this.#startedAtMs = nowMs
    if (this.#pausedAtMs !== -1) this.#startedAtMs += nowMs - this.#pausedAtMs
    this.#pausedAtMs = -1
    return Math.min(pauseEndsMs, this.#startedAtMs + GRACE_MS + (receivedBytes / pace) * 1000)
  }

  pause(nowMs: number): void {
    if (this.#startedAtMs !== -1 && this.#pausedAtMs === -1) this.#pausedAtMs = nowMs
  }

  /** For the next body. */
  restart(): void {
    this.#startedAtMs = -1
    this.#pausedAtMs = -1
  }
}
