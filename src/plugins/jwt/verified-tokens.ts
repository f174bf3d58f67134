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

/** Tokens of which it is known that they came once; some more pass for such, which does no harm. */
const ONCE_SEEN = { bits: 1 << 17, tokens: 1 << 14 }

/**
 * Remembers tokens whose signature was right, by their whole text, so that a token is verified once
 * and not with every request. Failures are not remembered: nobody but the holder of a key can fill
 * this, and a bound holds for him too.
 *
 * It belongs to one plugin instance of one snapshot: with the credentials it goes.
 *
 * Two generations stand in for a list of recent use: what is asked for moves from the old to the
 * young one, and when that is full the old one is dropped. A hit thus costs one look-up.
 *
 * A token is kept when it comes for the second time: one that is used once would only push out
 * others, and cost the collection of what was kept for it.
 */
export function verifiedTokens<Token extends VerifiedToken = VerifiedToken>(
  limits: CacheLimits = DEFAULT_LIMITS,
): VerifiedTokens<Token> {
  let young = new Map<string, Token>()
  let old = new Map<string, Token>()
  let youngBytes = 0
  /** Made when the first token comes: of many instances most see none. */
  let seenOnce: Uint32Array | undefined
  let seenCount = 0

  /** Whether the token came before, as far as can be told; it counts as having come from now on. */
  function wasSeen(token: string): boolean {
    const bit = signatureBits(token) & (ONCE_SEEN.bits - 1)
    const mask = 1 << (bit & 31)
    seenOnce ??= new Uint32Array(ONCE_SEEN.bits / 32)
    const word = seenOnce[bit >> 5]!
    if ((word & mask) !== 0) return true
    if (seenCount === ONCE_SEEN.tokens) {
      seenOnce.fill(0)
      seenCount = 0
    }
    seenOnce[bit >> 5] = seenOnce[bit >> 5]! | mask
    seenCount += 1
    return false
  }

  function add(token: string, verified: Token): void {
    const bytes = token.length + ENTRY_BYTES
    // Two generations share the limits.
    if (bytes * 2 > limits.bytes) return
    if ((young.size + 1) * 2 > limits.entries || (youngBytes + bytes) * 2 > limits.bytes) {
      old = young
      young = new Map()
      youngBytes = 0
    }
    young.set(token, verified)
    youngBytes += bytes
  }

  return {
    find(token, now) {
      let verified = young.get(token)
      if (verified === undefined) {
        verified = old.get(token)
        if (verified === undefined) return undefined
        old.delete(token)
        add(ownText(token), verified)
      }
      if (now < verified.from || now >= verified.until) return undefined
      const { key } = verified
      return key === undefined || now < key.usableUntil ? verified : undefined
    },
    remember(token, verified) {
      if (!wasSeen(token)) return
      const known = young.get(token)
      // A key that was withdrawn and has come back is another one.
      if (known === undefined || known.key !== verified.key) add(ownText(token), verified)
    },
  }
}

/** Bits by which tokens differ: of the signature, which is as good as random. */
function signatureBits(token: string): number {
  let bits = 0
  // Not the last letter, of which some bits are always the same.
  for (let at = token.length - 8; at < token.length - 1; at += 1)
    bits = Math.imul(bits, 67) + token.charCodeAt(at)
  return bits ^ (bits >>> 15)
}

/** The text without what it was cut from: a slice would keep the whole request head alive. */
function ownText(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1')
}
