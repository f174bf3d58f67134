/** Memory for bodies that wait, all of a worker together. What finds none goes to a file sooner. */
const MEMORY_BYTES = 64 * 1024 * 1024

/** Where bodies of a worker wait that cannot go on yet. */
export interface SpoolRoom {
  /** Folder for request bodies; made when it is first needed. */
  readonly requests: string
  /** Folder for response bodies. */
  readonly responses: string
  readonly memory: SpoolMemory
}

/** Counts memory that may be taken for bodies that wait, so that many slow peers cannot fill it all. */
export class SpoolMemory {
  #freeBytes: number

  constructor(bytes = MEMORY_BYTES) {
    this.#freeBytes = bytes
  }

  /** @returns whether so much may be taken; it is to be given back once */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false
    this.#freeBytes -= bytes
    return true
  }

  giveBack(bytes: number): void {
    this.#freeBytes += bytes
  }
}
