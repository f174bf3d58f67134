import {
  noteAuthenticated,
  type Attempt,
  type Refusal,
} from '../../plugin-kit/authenticate-request.ts'
import { whenKnown } from '../../plugin-kit/consumer-source.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import {
  UNBOUND_TO_KEY,
  type CheckPossession,
  type PossessionFault,
} from '../../plugin-kit/possession/possession.ts'
import {
  collectTokens,
  dpopToken,
  placeOf,
  soleBearer,
  type FoundToken,
  type TokenSources,
} from './collect-tokens.ts'
import type { ClaimHeader } from './forward-claims.ts'
import { tokenFacts } from './token-facts.ts'
import { verifiedTokens, type VerifiedToken, type VerifiedTokens } from './verified-tokens.ts'
import type { TokenContent, TokenRefusal, Verified } from './verify-token.ts'

/** What an instance authenticates by. */
export interface AttemptParts {
  readonly sources: TokenSources
  /** @returns a promise only where somebody has to be asked */
  readonly verify: (
    token: string,
    isExplaining: boolean,
    exchange: Exchange,
  ) => Verified | TokenRefusal | Promise<Verified | TokenRefusal>
  readonly refuse: (refusal: TokenRefusal, requestId: string) => Refusal
  /** Unix time in ms. */
  readonly now: () => number
  readonly keyClaimName: string
  /** Whether claims of any token are sent as headers. */
  readonly forwards: boolean
  /** Whether some tokens are good in the right hands alone. */
  readonly holdsToPossession: boolean
}

/** A token as it came. */
interface Presented {
  readonly text: string
  readonly scheme: 'bearer' | 'dpop'
}

/** A token that is good in the right hands alone, which is looked at whenever it comes. */
interface HeldToken extends VerifiedToken {
  readonly possession: CheckPossession
  readonly token: TokenContent
}

/** Authenticates a request by the token that it has. */
export function attemptBy(parts: AttemptParts): (exchange: Exchange) => Attempt | Promise<Attempt> {
  const { sources, now, forwards } = parts
  const refuse = refuser(parts)
  const missing = noToken(sources)
  const soleToken = soleBearer(sources)
  const verified = verifiedTokens()
  const held = parts.holdsToPossession ? verifiedTokens<HeldToken>() : undefined
  const { hold, settle } = settlement(parts, { refuse, verified, held })

  /** Whether the token is known to be good. Whoever wants to know why gets it verified again. */
  function isKnown(exchange: Exchange, token: string): boolean {
    if (exchange.decisions?.wantsPasses) return false
    const known = verified.find(token, Math.floor(now() / 1000))
    if (known === undefined) return false
    exchange.authenticate(known.identity)
    if (forwards) sendClaims(exchange, known.headers)
    return true
  }

  function verify(exchange: Exchange, presented: Presented): Attempt | Promise<Attempt> {
    const isExplaining = exchange.decisions?.wantsPasses === true
    const { text } = presented
    const known = isExplaining ? undefined : held?.find(text, Math.floor(now() / 1000))
    if (known !== undefined) return hold(exchange, presented, known)
    return whenKnown(parts.verify(text, isExplaining, exchange), (verdict) =>
      settle(exchange, presented, verdict),
    )
  }

  return function attempt(exchange) {
    const { request } = exchange
    const sole = soleToken?.(request)
    if (sole !== undefined)
      return isKnown(exchange, sole)
        ? undefined
        : verify(exchange, { text: sole, scheme: 'bearer' })
    const tokens = collectTokens(request, sources)
    if (tokens.size === 0) return refuse(exchange, missing)
    const [text] = tokens
    if (tokens.size > 1 || typeof text !== 'string') return refuse(exchange, ambiguous(tokens))
    if (sources.takesDpop && dpopToken(request) === text)
      return verify(exchange, { text, scheme: 'dpop' })
    return isKnown(exchange, text) ? undefined : verify(exchange, { text, scheme: 'bearer' })
  }
}

type Refuse = (exchange: Exchange, verdict: TokenRefusal, presented?: Presented) => Refusal

interface SettlementParts {
  readonly refuse: Refuse
  readonly verified: VerifiedTokens
  readonly held: VerifiedTokens<HeldToken> | undefined
}

/** What follows from a verdict about a token: the request goes on as somebody's, or is refused. */
function settlement(parts: AttemptParts, { refuse, verified, held }: SettlementParts) {
  const { sources, forwards } = parts

  function pass(exchange: Exchange, good: VerifiedToken, token: TokenContent): undefined {
    exchange.authenticate(good.identity)
    if (forwards) sendClaims(exchange, good.headers)
    if (exchange.decisions?.wantsPasses)
      noteAuthenticated(exchange, 'jwt', {
        ...tokenFacts(token, parts.keyClaimName),
        found_in: placeOf(exchange.request, sources),
      })
  }

  function hold(
    exchange: Exchange,
    presented: Presented,
    good: HeldToken,
  ): Attempt | Promise<Attempt> {
    const { token } = good
    const { text, scheme } = presented
    const about = { token: text, scheme, confirmation: token.claims?.['cnf'] }
    return whenKnown(good.possession(exchange.request, about), (fault): Attempt =>
      fault === undefined
        ? pass(exchange, good, token)
        : refuse(exchange, refusalOf(fault, token), presented),
    )
  }

  function settle(
    exchange: Exchange,
    presented: Presented,
    verdict: Verified | TokenRefusal,
  ): Attempt | Promise<Attempt> {
    if (verdict.kind === 'refused') return refuse(exchange, verdict, presented)
    const { identity, validity, key, headers, token, possession } = verdict
    const good = { from: validity.from, until: validity.until, identity, key, headers }
    if (possession !== undefined) {
      held?.remember(presented.text, { ...good, possession, token })
      return hold(exchange, presented, { ...good, possession, token })
    }
    if (presented.scheme === 'dpop')
      return refuse(exchange, refusalOf(UNBOUND_TO_KEY, token), presented)
    verified.remember(presented.text, good)
    return pass(exchange, good, token)
  }

  return { hold, settle }
}

/** Where the token was found matters to those alone who look for why. */
function refuser({ refuse, sources }: AttemptParts): Refuse {
  return (exchange, verdict, presented) => {
    const refusal = refuse(
      presented?.scheme === 'dpop' ? { ...verdict, cameAs: 'DPoP' } : verdict,
      exchange.id,
    )
    if (exchange.decisions === undefined) return refusal
    return { ...refusal, facts: { ...refusal.facts, found_in: placeOf(exchange.request, sources) } }
  }
}

const POSSESSION_MESSAGES: Readonly<Record<PossessionFault['code'], string>> = {
  'token-unbound': 'Token not bound to the client',
  'dpop-missing': 'Token must come with a proof of possession',
  'dpop-invalid': 'Invalid proof of possession',
  'dpop-nonce-missing': 'Proof of possession must have the nonce',
  'certificate-missing': 'Token must come with its client certificate',
  'certificate-other': 'Token bound to another client certificate',
}

function refusalOf({ code, why, nonce }: PossessionFault, token: TokenContent): TokenRefusal {
  return {
    kind: 'refused',
    body: { message: POSSESSION_MESSAGES[code] },
    code,
    reason: why,
    token,
    ...(nonce !== undefined && { nonce }),
  }
}

function sendClaims({ upstream }: Exchange, headers: readonly ClaimHeader[]): void {
  for (const [name, value] of headers) upstream.setHeader(name, value)
}

function noToken({ headerNames, queryNames, cookieNames }: TokenSources): TokenRefusal {
  const places = [
    ...headerNames.map((name) => `header ${name}`),
    ...queryNames.map((name) => `?${name}`),
    ...cookieNames.map((name) => `cookie ${name}`),
  ]
  const where = places.length === 0 ? 'no place, since none is configured' : places.join(', ')
  return {
    kind: 'refused',
    body: { message: 'Unauthorized' },
    code: 'token-missing',
    reason: `no token in ${where}`,
    challenge: 'token-wanted',
  }
}

function ambiguous(tokens: ReadonlySet<FoundToken>): TokenRefusal {
  return tokens.size > 1
    ? {
        kind: 'refused',
        body: { message: 'Multiple tokens provided' },
        code: 'tokens-differ',
        reason: `${tokens.size} different tokens in one request`,
      }
    : {
        kind: 'refused',
        body: { message: 'Unrecognizable token' },
        code: 'token-malformed',
        reason: 'the query argument has no value',
      }
}
