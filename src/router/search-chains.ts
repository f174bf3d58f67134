/**
 * Lengths to try in turn until one hits; each list ends with 0. A hit leads to the list of what lies
 * beyond it, so most texts are found with very few tries.
 */
export class SearchChains {
  readonly #steps: number[] = [0]
  readonly #places = new Map<string, number>([['', 0]])

  /**
   * Plans the search among texts, such that every try halves what is left: no more tries than the
   * binary logarithm of their number, and none twice for one length.
   *
   * @param texts without repetition, none of them empty
   * @param visit told each beginning that must be found for the search to go on, and where the list
   *   begins that it leads to; the texts themselves are among them
   * @returns where the list begins
   */
  plan(texts: readonly string[], visit: (head: string, chain: number) => void): number {
    const lengths: number[] = []
    for (let rest = texts; rest.length > 0;) {
      const length = middleLength(rest)
      lengths.push(length)
      const { shorter, heads } = divide(rest, length)
      for (const [head, beyond] of heads) visit(head, this.plan(beyond, visit))
      rest = shorter
    }
    return this.#place(lengths)
  }

  #place(lengths: readonly number[]): number {
    const key = lengths.join()
    let place = this.#places.get(key)
    if (place === undefined) {
      place = this.#steps.length
      this.#steps.push(...lengths, 0)
      this.#places.set(key, place)
    }
    return place
  }

  /** All lists, one behind the other. */
  toArray(): Int32Array<ArrayBuffer> {
    return Int32Array.from(this.#steps)
  }
}

/** The length that leaves at most half of the texts on either side. */
function middleLength(texts: readonly string[]): number {
  const counts = new Map<number, number>()
  for (const { length } of texts) counts.set(length, (counts.get(length) ?? 0) + 1)
  const lengths = [...counts.keys()].sort((a, b) => a - b)
  let before = 0
  return lengths.find((length) => (before += counts.get(length)!) * 2 >= texts.length)!
}

interface Divided {
  readonly shorter: readonly string[]
  /** By their beginning of that length, those that are longer. */
  readonly heads: ReadonlyMap<string, readonly string[]>
}

function divide(texts: readonly string[], length: number): Divided {
  const shorter: string[] = []
  const heads = new Map<string, string[]>()
  for (const text of texts) {
    if (text.length < length) {
      shorter.push(text)
      continue
    }
    const head = text.slice(0, length)
    const beyond = heads.get(head)
    if (text.length === length) heads.set(head, beyond ?? [])
    else if (beyond === undefined) heads.set(head, [text])
    else beyond.push(text)
  }
  return { shorter, heads }
}
