import type { SourcedRecord } from '../../plugin-kit/consumer-source.ts'
import type { Identity } from '../../plugin-kit/exchange.ts'
import type { Validity } from './check-claims.ts'
import type { ClaimHeader } from './forward-claims.ts'

/** A token that was verified once. Its times are looked at again whenever it comes. */
export interface VerifiedToken extends Validity {
  /** Always the same object, so that what follows from it is made once. */
  readonly identity: Identity
  /** The key of an issuer or the record of a source that proved it: the token is good no longer. */
  readonly key: Pick<SourcedRecord, 'usableUntil'> | undefined
  /** What the upstream is told of its claims. */
  readonly headers: readonly ClaimHeader[]
}

export interface VerifiedTokens<Token extends VerifiedToken = VerifiedToken> {
  /** @returns `undefined` also for a token whose time is not now; the caller then says why */
  find(token: string, now: number): Token | undefined
  /** Keeps it from the second time on. */
  remember(token: string, verified: Token): void
}

export interface CacheLimits {
  readonly entries: number
  readonly bytes: number
}

const DEFAULT_LIMITS: CacheLimits = { entries: 10_000, bytes: 8 * 1024 * 1024 }

/** What an entry takes beside its token: identity, credential, times, place in the map. */
const ENTRY_BYTES = 400

/** Tokens of which it is known that they came; some more pass for such, which does no harm. */
const SEEN = { bits: 1 << 17, tokens: 1 << 14 }

interface Entry<Token> {
  /** Compared as a whole: the number it is found by is no proof of anything. */
  readonly token: string
  readonly verified: Token
}

/**
 * Remembers tokens whose signature was right, by their whole text, so that a token is verified once
 * and not with every request. Failures are not remembered: nobody but the holder of a key can fill
 * this, and a bound holds for him too.
 *
 * It belongs to one plugin instance of one snapshot: with the credentials it goes.
 *
 * Two generations stand in for a list of recent use: what is asked for moves from the old to the
 * young one, and when that is full the old one is dropped. They are searched by a number made of a
 * few letters of the signature, since hashing the whole token would cost more than all the rest; of
 * two tokens with the same number the later one stays.
 *
 * A token is kept when it comes for the second time: one that is used once would only push out
 * others, and cost the collection of what was kept for it. For a token that never came, nothing but
 * a bit is looked at.
 */
export function verifiedTokens<Token extends VerifiedToken = VerifiedToken>(
  limits: CacheLimits = DEFAULT_LIMITS,
): VerifiedTokens<Token> {
  let young = new Map<number, Entry<Token>>()
  let old = new Map<number, Entry<Token>>()
  let youngBytes = 0
  const seen = seenNumbers()

  function find(number: number, token: string): Token | undefined {
    const entry = young.get(number)
    if (entry?.token === token) return entry.verified
    const older = old.get(number)
    if (older?.token !== token) return undefined
    old.delete(number)
    add(number, older)
    return older.verified
  }

  function add(number: number, entry: Entry<Token>): void {
    const bytes = entry.token.length + ENTRY_BYTES
    // Two generations share the limits.
    if (bytes * 2 > limits.bytes) return
    if ((young.size + 1) * 2 > limits.entries || (youngBytes + bytes) * 2 > limits.bytes) {
      old = young
      young = new Map()
      youngBytes = 0
    }
    const before = young.get(number)
    if (before !== undefined) youngBytes -= before.token.length + ENTRY_BYTES
    young.set(number, entry)
    youngBytes += bytes
  }

  return {
    find(token, now) {
      const number = numberOf(token)
      const verified = seen.has(number) ? find(number, token) : undefined
      if (verified === undefined || now < verified.from || now >= verified.until) return undefined
      const { key } = verified
      return key === undefined || now < key.usableUntil ? verified : undefined
    },
    remember(token, verified) {
      const number = numberOf(token)
      if (!seen.has(number)) {
        seen.add(number)
        return
      }
      const known = find(number, token)
      // A key that was withdrawn and has come back is another one.
      if (known === undefined || known.key !== verified.key)
        add(number, { token: ownText(token), verified })
    },
  }
}

/** Numbers of tokens that came, as far as can be told: some that did not pass for such. */
function seenNumbers(): { has(number: number): boolean; add(number: number): void } {
  /** Made when the first token comes: of many instances most see none. */
  let seen: Uint32Array | undefined
  let count = 0

  return {
    has(number) {
      const bit = number & (SEEN.bits - 1)
      return seen !== undefined && (seen[bit >> 5]! & (1 << (bit & 31))) !== 0
    },
    /** What was kept is seen once more before it is found again, after so many others. */
    add(number) {
      const bit = number & (SEEN.bits - 1)
      seen ??= new Uint32Array(SEEN.bits / 32)
      if (count === SEEN.tokens) {
        seen.fill(0)
        count = 0
      }
      seen[bit >> 5] = seen[bit >> 5]! | (1 << (bit & 31))
      count += 1
    },
  }
}

/** A number by which tokens differ: of their signatures, which are as good as random. */
function numberOf(token: string): number {
  let bits = 0
  // Not the last letter, of which some bits are always the same.
  for (let at = token.length - 12; at < token.length - 1; at += 1)
    bits = Math.imul(bits, 67) + token.charCodeAt(at)
  return bits ^ (bits >>> 15)
}

/** The text without what it was cut from: a slice would keep the whole request head alive. */
function ownText(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1')
}
