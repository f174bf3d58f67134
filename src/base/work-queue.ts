/** Work that is done one after the other, in the order in which it was asked for. */
export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve()

  /** @returns what the work comes to, in its turn */
  add<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => {
      // Whoever asked for this turn hears of it; the next turn comes all the same.
    })
    return result
  }
}
