import { setTimeout as wait } from 'node:timers/promises'

/** What plugins have begun and the end of a thread waits for, so that no line of a log is lost. */
export class LastWork {
  readonly #begun = new Set<Promise<unknown>>()
  readonly #ending = new AbortController()

  /** Fires when the thread is about to end. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  /** @param work that fails is over as well; whoever began it says so */
  add(work: Promise<unknown>): void {
    this.#begun.add(work)
    const isOver = () => void this.#begun.delete(work)
    work.then(isOver, isOver)
  }

  /** Resolves when all is done, what was added meanwhile included, or the time is up. */
  async end(timeoutMs: number): Promise<void> {
    this.#ending.abort()
    const time = new AbortController()
    const isUp = wait(timeoutMs, undefined, { signal: time.signal }).catch(() => undefined)
    await Promise.race([this.#allDone(), isUp])
    time.abort()
  }

  async #allDone(): Promise<void> {
    while (this.#begun.size > 0) await Promise.allSettled(this.#begun)
  }
}
