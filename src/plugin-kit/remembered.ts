import { createHash } from 'node:crypto'

/** What was found out, and until when that counts (Unix ms). */
export interface Finding<Value> {
  readonly value: Value
  readonly untilMs: number
  /** Of what is used on although it had ended: when that was (Unix ms). */
  readonly endedAtMs?: number
}

export interface Remembered<Value> {
  /**
   * @param secret what the question is about; only a hash of it is kept
   * @param find is told what was found before, where that is still there but counts no more
   */
  get(
    secret: string,
    find: (before: Finding<Value> | undefined) => Promise<Finding<Value>>,
  ): Promise<Value>
  forget(secret: string): void
}

/** When there are more, the oldest go. */
const MAX_ENTRIES = 10_000
/** The same by size, since who is asked decides how long an answer is. */
const MAX_BYTES = 16 * 1024 * 1024
/** What an entry takes besides its answer. */
const ENTRY_BYTES = 256

/**
 * Remembers answers for as long as each of them counts. Requests with the same question ask once
 * together. A failure is told to all of them, and not remembered.
 */
export function remembered<Value>(now: () => number): Remembered<Value> {
  const findings = new Findings<Value>()
  const asking = new Map<string, Promise<Value>>()

  async function ask(
    key: string,
    find: (before: Finding<Value> | undefined) => Promise<Finding<Value>>,
  ): Promise<Value> {
    try {
      const finding = await find(findings.get(key))
      findings.delete(key)
      if (finding.untilMs > now()) findings.add(key, finding)
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

/** Those that were found last, as many as there is room for. */
class Findings<Value> {
  readonly #entries = new Map<string, Finding<Value> & { readonly bytes: number }>()
  #bytes = 0

  get(key: string): Finding<Value> | undefined {
    return this.#entries.get(key)
  }

  /** @param key not among them */
  add(key: string, finding: Finding<Value>): void {
    const bytes = ENTRY_BYTES + sizeOf(finding.value)
    if (bytes > MAX_BYTES) return
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < MAX_ENTRIES && this.#bytes + bytes <= MAX_BYTES) break
      this.delete(oldest)
    }
    this.#entries.set(key, { ...finding, bytes })
    this.#bytes += bytes
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#bytes -= entry.bytes
  }
}

/** About as many bytes as a value of JSON takes in memory. */
function sizeOf(value: unknown): number {
  return 2 * (JSON.stringify(value) ?? '').length
}

function keyOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
