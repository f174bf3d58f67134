import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export const QUIET_MS = 1500

/** V8 lets go of the code of functions that nothing has called through so many collections. */
const COLLECTIONS = 3

/**
 * Gives back what a start or a reload took and no longer needs. V8 would keep it until the heap
 * grows again, which in a gateway at rest may be never.
 *
 * A full collection stops the thread for some ten milliseconds, so each waits until there was no
 * work for a while.
 */
export class MemorySettler {
  readonly #workDone: () => number
  readonly #quietWork: number
  #timer: NodeJS.Timeout | undefined
  /** Collections that are still to come. */
  #left = 0

  /**
   * @param workDone a number that grows with every piece of work that should not be held up
   * @param quietWork so much of it may be done while it still counts as quiet
   */
  constructor(workDone: () => number, quietWork = 0) {
    this.#workDone = workDone
    this.#quietWork = quietWork
  }

  /** Something large was done: its remains can be collected when it is quiet. */
  soon(): void {
    this.#left = COLLECTIONS
    this.#wait()
  }

  #wait(): void {
    clearTimeout(this.#timer)
    const before = this.#workDone()
    this.#timer = setTimeout(() => {
      if (this.#workDone() - before <= this.#quietWork) {
        collectGarbage()
        this.#left -= 1
      }
      if (this.#left > 0) this.#wait()
    }, QUIET_MS).unref()
  }
}

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void

let collect: Collect | undefined

/** With "last resort" pages that became empty are returned to the system at once. */
function collectGarbage(): void {
  if (collect === undefined) {
    // The function is made for new contexts only, from the flag on. All threads share the flag: one
    // that took it back would take it from another that has just set it.
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('globalThis.gc') as Collect | undefined
  }
  collect?.({ type: 'major', flavor: 'last-resort' })
}
