import type { QueryPair } from '../../http/query.ts'
import { encodeArgument } from '../../plugin-kit/query-arguments.ts'
import type { Values } from './rules.ts'

/** Arguments of a query or a form, by name; the order of first appearance is kept. */
export class ArgumentValues implements Values {
  readonly #values = new Map<string, (string | true)[]>()

  constructor(pairs: readonly QueryPair[]) {
    for (const [name, value] of pairs) this.#add(name, value)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  remove(name: string): void {
    this.#values.delete(name)
  }

  rename(from: string, to: string): void {
    const values = this.#values.get(from)
    if (values === undefined) return
    this.#values.delete(from)
    this.#values.set(to, values)
  }

  set(name: string, value: string): void {
    this.#values.set(name, [value])
  }

  /** An argument without a value has nothing that could be kept beside another one. */
  append(name: string, value: string): void {
    const values = this.#values.get(name)
    if (values?.length === 1 && values[0] === true) this.set(name, value)
    else this.#add(name, value)
  }

  pairs(): readonly QueryPair[] {
    return [...this.#values].flatMap(([name, values]) =>
      values.map((value) => [name, value] as const),
    )
  }

  #add(name: string, value: string | true): void {
    const values = this.#values.get(name)
    if (values === undefined) this.#values.set(name, [value])
    else values.push(value)
  }
}

/** A query string of these arguments, sorted by name as Kong writes it. */
export function writeQuery(values: ArgumentValues): string {
  return values
    .pairs()
    .toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([name, value]) =>
      value === true ? encodeArgument(name) : `${encodeArgument(name)}=${encodeArgument(value)}`,
    )
    .join('&')
}
