import { sortSteps } from '../base/sort-steps.ts'
import type { Steps } from '../base/steps.ts'

/**
 * Ids in ascending order, made to be read often, added to one by one, and filled at once.
 *
 * What is added in numbers is sorted when next read, so that filling costs one sort.
 */
export class SortedIds {
  #sorted: string[] = []
  #added: string[] = []

  get size(): number {
    return this.#sorted.length + this.#added.length
  }

  /** @param id not yet among them */
  add(id: string): void {
    this.#added.push(id)
  }

  /** @param id one of them */
  remove(id: string): void {
    const ids = this.inOrder()
    const at = lowerBound(ids, id)
    if (ids[at] === id) this.#sorted.splice(at, 1)
  }

  /** The list itself, good until the next change. */
  inOrder(): readonly string[] {
    if (this.#added.length > 0) this.#settle()
    return this.#sorted
  }

  /** As {@link inOrder}, for very many ids; none may be added or removed meanwhile. */
  *orderSteps(): Steps<readonly string[]> {
    if (this.#added.length > FEW) {
      this.#sorted = yield* sortSteps([...this.#sorted, ...this.#added])
      this.#added = []
    }
    return this.inOrder()
  }

  /** Position of the first id after the given one. */
  after(id: string | undefined): number {
    const ids = this.inOrder()
    if (id === undefined) return 0
    const at = lowerBound(ids, id)
    return ids[at] === id ? at + 1 : at
  }

  #settle(): void {
    if (this.#added.length > FEW) {
      this.#sorted = [...this.#sorted, ...this.#added].sort()
    } else for (const id of this.#added) this.#sorted.splice(lowerBound(this.#sorted, id), 0, id)
    this.#added = []
  }
}

/** Up to so many ids are put in their places one by one. */
const FEW = 16

function lowerBound(ids: readonly string[], id: string): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ids[middle]! < id) low = middle + 1
    else high = middle
  }
  return low
}
