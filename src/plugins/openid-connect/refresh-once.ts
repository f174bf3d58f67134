import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { nodeCounters, nodeTickets } from '../../plugin-kit/shared-memory.ts'
import type { Tokens } from './tokens.ts'

/** For so long requests that still have the old cookies get what a refresh has brought. */
const KEPT_SECONDS = 60
/** After so long a worker that refreshes is no longer waited for. */
const WAITED_SECONDS = 15
const POLL_MS = 25

type Outcome = { readonly tokens: Tokens } | { readonly refused: string }

/**
 * Uses a refresh token once. A browser sends several requests with the same cookies at a time, to
 * any worker, and many providers take a token that is used twice for a stolen one and end all that
 * came from it.
 *
 * @param ask uses it; what it throws is told to its caller alone, but for `isRefusal`
 * @see RFC 9700 §4.14.2
 */
export function refreshOnce(
  node: NodeServices,
  isRefusal: (error: unknown) => boolean,
): (refreshToken: string, ask: () => Promise<Tokens>) => Promise<Outcome> {
  const asking = node.keep('openid-connect refreshes', () => new Map<string, Promise<Outcome>>())
  const outcomes = nodeTickets(node)
  const locks = nodeCounters(node)
  const seconds = (): number => Math.floor(node.now() / 1000)

  function known(key: string): Outcome | undefined {
    const bytes = outcomes.get(key, seconds())
    return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as Outcome)
  }

  async function refresh(key: string, ask: () => Promise<Tokens>): Promise<Outcome> {
    let outcome: Outcome
    try {
      outcome = { tokens: await ask() }
    } catch (error) {
      if (!isRefusal(error)) throw error
      outcome = { refused: (error as Error).message }
    }
    outcomes.set(key, Buffer.from(JSON.stringify(outcome)), seconds() + KEPT_SECONDS)
    return outcome
  }

  async function refreshUnlessAnother(key: string, ask: () => Promise<Tokens>): Promise<Outcome> {
    const endsAt = seconds() + WAITED_SECONDS
    const isFirst = locks.add(key, 1, endsAt, seconds()) === 1
    try {
      // With one claim left the other worker had no luck, and took its own back.
      if (!isFirst)
        while (locks.get(key, seconds()) > 1 && known(key) === undefined && seconds() < endsAt)
          await delay(POLL_MS)
      return known(key) ?? (await refresh(key, ask))
    } finally {
      locks.add(key, -1, endsAt, seconds())
    }
  }

  return (refreshToken, ask) => {
    const hash = createHash('sha256').update(refreshToken).digest('base64url')
    const key = `openid-connect refresh ${hash}`
    const outcome = known(key)
    if (outcome !== undefined) return Promise.resolve(outcome)
    let question = asking.get(key)
    if (question === undefined) {
      question = refreshUnlessAnother(key, ask).finally(() => asking.delete(key))
      asking.set(key, question)
    }
    return question
  }
}
