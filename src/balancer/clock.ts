/** Time as the balancer sees it, so that tests move it themselves. */
export interface Clock {
  /** Unix time in ms. */
  nowMs(): number
  /**
   * Runs something once, later; it does not keep the process alive.
   * @returns a function that calls it off
   */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}
