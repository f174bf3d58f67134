import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { nodeCounters, nodeTickets } from '../../plugin-kit/shared-memory.ts'
import type { SharedRefreshes } from './redis-refreshes.ts'
import type { Tokens } from './tokens.ts'

/** For so long requests that still have the old cookies get what a refresh has brought. */
const KEPT_SECONDS = 60
const POLL_MS = 25

interface Terms {
  /** Of what using it throws: what all are told. All else is thrown to its caller alone. */
  readonly isRefusal: (error: unknown) => boolean
  /** Longer than using it can take. */
  readonly longestMs: number
  /** What other nodes know, where they tell each other. */
  readonly shared: SharedRefreshes | undefined
}

type Outcome = { readonly tokens: Tokens } | { readonly refused: string }

/**
 * Uses a refresh token once. A browser sends several requests with the same cookies at a time, to
 * any worker and perhaps any node, and many providers take a token that is used twice for a stolen one and end all that
 * came from it.
 *
 * Whoever has waited for another one until that must have ended fails, and asks nothing itself.
 *
 * @see RFC 9700 §4.14.2
 */
export function refreshOnce(
  node: NodeServices,
  { isRefusal, longestMs, shared }: Terms,
): (refreshToken: string, ask: () => Promise<Tokens>) => Promise<Outcome> {
  const asking = node.keep('openid-connect refreshes', () => new Map<string, Promise<Outcome>>())
  const outcomes = nodeTickets(node)
  const seconds = (): number => Math.floor(node.now() / 1000)
  // A worker may wait for another node before it uses the token itself.
  const lockMs = shared === undefined ? longestMs : 2 * longestMs

  function known(key: string): Outcome | undefined {
    const bytes = outcomes.get(key, seconds())
    return bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as Outcome)
  }

  async function refresh(key: string, ask: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = await ask()
    outcomes.set(key, Buffer.from(JSON.stringify(outcome)), seconds() + KEPT_SECONDS)
    return outcome
  }

  async function refreshUnlessAnother(key: string, ask: () => Promise<Outcome>): Promise<Outcome> {
    const giveUpAtMs = node.now() + lockMs
    for (;;) {
      const unlock = tryLock(node, key, lockMs)
      try {
        const outcome = known(key)
        if (outcome !== undefined) return outcome
        if (unlock !== undefined) return await refresh(key, ask)
      } finally {
        unlock?.()
      }
      if (node.now() >= giveUpAtMs) throw new Error(TOO_LONG)
      await delay(POLL_MS)
    }
  }

  return (refreshToken, ask) => {
    const hash = createHash('sha256').update(refreshToken).digest('base64url')
    const key = `openid-connect refresh ${hash}`
    const outcome = known(key)
    if (outcome !== undefined) return Promise.resolve(outcome)
    let question = asking.get(key)
    if (question === undefined) {
      const askHere = (): Promise<Outcome> => outcomeOf(ask, isRefusal)
      const askOnce = (): Promise<Outcome> =>
        shared === undefined
          ? askHere()
          : amongNodes(shared, refreshToken, { ask: askHere, now: () => node.now(), longestMs })
      question = refreshUnlessAnother(key, askOnce).finally(() => asking.delete(key))
      asking.set(key, question)
    }
    return question
  }
}

async function outcomeOf(
  ask: () => Promise<Tokens>,
  isRefusal: (error: unknown) => boolean,
): Promise<Outcome> {
  try {
    return { tokens: await ask() }
  } catch (error) {
    if (!isRefusal(error)) throw error
    return { refused: (error as Error).message }
  }
}

/**
 * A lock among the workers of a node, which ends by itself after `lockMs`.
 * @returns what unlocks it; `undefined` while another worker has it
 */
function tryLock(node: NodeServices, key: string, lockMs: number): (() => void) | undefined {
  const locks = nodeCounters(node)
  const seconds = (): number => Math.floor(node.now() / 1000)
  const now = seconds()
  const endsAt = Math.ceil((node.now() + lockMs) / 1000)
  if (locks.add(key, 1, endsAt, now) !== 1) {
    locks.add(key, -1, endsAt, now)
    return undefined
  }
  return () => {
    // One that has ended may be another worker's by now.
    const endedAt = seconds()
    if (endedAt < endsAt) locks.add(key, -1, endsAt, endedAt)
  }
}

const TOO_LONG =
  'Cannot renew a session: what uses its refresh token already has not come to an end'

/** Refreshes unless another node does or has done so. */
async function amongNodes(
  shared: SharedRefreshes,
  refreshToken: string,
  {
    ask,
    now,
    longestMs,
  }: {
    readonly ask: () => Promise<Outcome>
    readonly now: () => number
    readonly longestMs: number
  },
): Promise<Outcome> {
  const told = async (): Promise<Outcome | undefined> => {
    const text = await shared.outcome(refreshToken)
    return text === undefined ? undefined : (JSON.parse(text) as Outcome)
  }
  const giveUpAtMs = now() + longestMs
  let begun = await shared.begin(refreshToken)
  while (begun === 'taken') {
    const outcome = await told()
    if (outcome !== undefined) return outcome
    if (now() >= giveUpAtMs) throw new Error(TOO_LONG)
    await delay(POLL_MS)
    begun = await shared.begin(refreshToken)
  }
  try {
    const known = await told()
    if (known !== undefined) return known
    const outcome = await ask()
    await shared.tell(refreshToken, JSON.stringify(outcome))
    return outcome
  } finally {
    if (begun !== 'unknown') await begun.end()
  }
}
