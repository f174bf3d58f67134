import { createHmac, randomBytes } from 'node:crypto'
import type { Bind } from './ldap-server.ts'
import type { NameAndPassword } from './read-credentials.ts'

/** So many good answers are remembered and as many bad ones; when there are more, the oldest go. */
const MAX_ENTRIES = 10_000

export interface RememberedBinds {
  /** @returns what is known at once, else a promise of it */
  isKnown(credentials: NameAndPassword): boolean | Promise<boolean>
  /** A name for these credentials that does not tell them. */
  idOf(credentials: NameAndPassword): string
}

/**
 * Remembers for a while what the server said, good or bad. Names and passwords are kept as hashes
 * with a key that lives as long as the process. Two requests that ask at once ask together.
 */
export function rememberedBinds(bind: Bind, ttlMs: number, now: () => number): RememberedBinds {
  const key = randomBytes(32)
  /** Unix times in ms up to which an answer counts. Guesses cannot push out who is known. */
  const good = new Map<string, number>()
  const bad = new Map<string, number>()
  const asking = new Map<string, Promise<boolean>>()

  function idOf({ username, password }: NameAndPassword): string {
    return createHmac('sha256', key)
      .update(`${username.length}:${username}${password}`)
      .digest('hex')
  }

  async function ask(id: string, credentials: NameAndPassword): Promise<boolean> {
    try {
      const isRight = await bind(credentials)
      const [answers, others] = isRight ? [good, bad] : [bad, good]
      others.delete(id)
      answers.delete(id)
      const [oldest] = answers.keys()
      if (oldest !== undefined && answers.size >= MAX_ENTRIES) answers.delete(oldest)
      answers.set(id, now() + ttlMs)
      return isRight
    } finally {
      asking.delete(id)
    }
  }

  return {
    idOf,
    isKnown(credentials) {
      const id = idOf(credentials)
      if ((good.get(id) ?? 0) > now()) return true
      if ((bad.get(id) ?? 0) > now()) return false
      let question = asking.get(id)
      if (question === undefined) asking.set(id, (question = ask(id, credentials)))
      return question
    },
  }
}
