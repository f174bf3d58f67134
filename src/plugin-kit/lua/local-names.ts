/** Finds local variables by name while a program is read, so that none is searched when it runs. */
export class LocalNames {
  /** From the innermost block outward. */
  #blocks: string[][] = []
  readonly #rests: boolean[] = []

  openFunction(takesRest: boolean): void {
    this.#rests.push(takesRest)
  }

  closeFunction(): void {
    this.#rests.pop()
  }

  get takesRest(): boolean {
    return this.#rests.at(-1) === true
  }

  openBlock(): void {
    this.#blocks = [[], ...this.#blocks]
  }

  closeBlock(): void {
    this.#blocks = this.#blocks.slice(1)
  }

  /** @returns its position in the innermost block */
  declare(name: string): number {
    return this.#blocks[0]!.push(name) - 1
  }

  /** The latest declaration in the nearest block that has one. */
  find(name: string): { readonly depth: number; readonly index: number } | undefined {
    for (const [depth, names] of this.#blocks.entries()) {
      const index = names.lastIndexOf(name)
      if (index !== -1) return { depth, index }
    }
    return undefined
  }
}
