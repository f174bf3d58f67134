import { randomBytes } from 'node:crypto'

/** What is handed out once under a name that cannot be guessed, and taken back once. */
export interface Pending<Value> {
  /** @returns its name */
  put(value: Value): string
  take(name: string): Value | undefined
}

const MAX_PENDING = 1000

/** Things that wait; each for so long, and the oldest goes when there are too many. */
export function pending<Value>(lifetimeMs: number, now: () => number): Pending<Value> {
  const waiting = new Map<string, { readonly value: Value; readonly until: number }>()
  return {
    put(value) {
      if (waiting.size >= MAX_PENDING) waiting.delete(waiting.keys().next().value!)
      const name = randomBytes(24).toString('base64url')
      waiting.set(name, { value, until: now() + lifetimeMs })
      return name
    },
    take(name) {
      const found = waiting.get(name)
      waiting.delete(name)
      return found !== undefined && now() < found.until ? found.value : undefined
    },
  }
}
