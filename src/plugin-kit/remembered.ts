import { createHash } from 'node:crypto'

/** What was found out, and until when that counts (Unix ms). */
export interface Finding<Value> {
  readonly value: Value
  readonly untilMs: number
}

export interface Remembered<Value> {
  /** @param secret what the question is about; only a hash of it is kept */
  get(secret: string, find: () => Promise<Finding<Value>>): Promise<Value>
  forget(secret: string): void
}

/** When there are more, the oldest go. */
const MAX_ENTRIES = 10_000

/**
 * Remembers answers for as long as each of them counts. Requests with the same question ask once
 * together. A failure is told to all of them, and not remembered.
 */
export function remembered<Value>(now: () => number): Remembered<Value> {
  const findings = new Map<string, Finding<Value>>()
  const asking = new Map<string, Promise<Value>>()

  async function ask(key: string, find: () => Promise<Finding<Value>>): Promise<Value> {
    try {
      const finding = await find()
      findings.delete(key)
      const [oldest] = findings.keys()
      if (oldest !== undefined && findings.size >= MAX_ENTRIES) findings.delete(oldest)
      if (finding.untilMs > now()) findings.set(key, finding)
      return finding.value
    } finally {
      asking.delete(key)
    }
  }

  return {
    async get(secret, find) {
      const key = keyOf(secret)
      const known = findings.get(key)
      if (known !== undefined && known.untilMs > now()) return known.value
      let question = asking.get(key)
      if (question === undefined) asking.set(key, (question = ask(key, find)))
      return question
    },
    forget(secret) {
      findings.delete(keyOf(secret))
    },
  }
}

function keyOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
