import {
  authenticateRequest,
  noteAuthenticated,
  type Attempt,
  type Refusal,
} from '../../plugin-kit/authenticate-request.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import {
  definePlugin,
  type PhaseResult,
  type Plugin,
  type PluginContext,
} from '../../plugin-kit/plugin.ts'
import type { RecordOf } from '../../schema/field.ts'
import { acceptance, firstOf } from './accept-token.ts'
import {
  collectTokens,
  placeOf,
  soleBearer,
  type FoundToken,
  type TokenSources,
} from './collect-tokens.ts'
import { jwtRevocations, jwtSecrets } from './entities.ts'
import { explainDecision } from './explain-decision.ts'
import { addJudge, explainToken } from './explain-token.ts'
import { headersOfClaims, type ClaimHeader } from './forward-claims.ts'
import { hideTokens } from './hide-token.ts'
import { makeIssuers, type Issuers } from './issuers.ts'
import { metadataAnswerer } from './protected-resource.ts'
import { refuseIn, type RefusalStyle } from './refusals.ts'
import { revocationCheck } from './revocations.ts'
import { checks, schema } from './schema.ts'
import { headerStripper } from './strip-headers.ts'
import { tokenFacts } from './token-facts.ts'
import { keyFinder } from './verification-key.ts'
import { verifiedTokens } from './verified-tokens.ts'
import {
  verifyToken,
  type TokenRefusal,
  type VerificationRules,
  type Verified,
} from './verify-token.ts'
import { warnOfWeakKeys } from './weak-keys.ts'

type Config = RecordOf<typeof schema>

/** A refusal that finds no use for the token looks for the nearest key among so many credentials. */
const SUGGESTIONS = { usually: 20, whenExplaining: 1000 }

/**
 * Authenticates by a signed JSON Web Token, whose key claim names a credential of a consumer, or
 * whose issuer publishes keys.
 */
export const jwt: Plugin = definePlugin({
  name: 'jwt',
  priority: 1450,
  schema,
  checks,
  not: ['consumer'],
  entities: [jwtSecrets, jwtRevocations],
  adminRoutes: [explainToken],
  explain: explainDecision,

  create(config, context) {
    warnOfWeakKeys(context)
    const issuers =
      config.issuers && makeIssuers(config.issuers, config.forward_claims ?? {}, context)
    const sources: TokenSources = {
      queryNames: config.uri_param_names ?? [],
      cookieNames: config.cookie_names ?? [],
      headerNames: (config.header_names ?? []).map((name) => name.toLowerCase()),
    }
    const rules = rulesOf(config, { context, issuers })
    addJudge({
      context,
      keyClaimName: rules.keyClaimName,
      verify: async (token) =>
        verifyToken(
          token,
          { ...rules, maxSuggestions: SUGGESTIONS.whenExplaining },
          clock(context),
        ),
      refuse: (refusal) => refuseIn(styleOf(config))(refusal, ''),
    })
    const authenticate = authenticateRequest({
      context,
      anonymous: config.anonymous,
      runOnPreflight: config.run_on_preflight,
      attempt: attemptBy(config, { context, sources, rules }),
      onAnonymous: (exchange) => exchange.shared.delete('authenticated_jwt_token'),
    })
    return {
      access: withPreparations(preparations(config, sources), authenticate),
      ...(issuers && { dispose: () => issuers.release() }),
    }
  },
})

type Step = (exchange: Exchange) => PhaseResult

/** What is done to a request whoever sent it, before anybody looks for a token. */
function preparations(config: Config, sources: TokenSources): readonly Step[] {
  const steps: Step[] = []
  const forwarded = forwardedHeaders(config)
  if (forwarded.length > 0) steps.push(headerStripper(forwarded))
  if (config.hide_credentials === true) steps.push((exchange) => hideTokens(exchange, sources))
  if (config.metadata_url !== undefined)
    steps.push(
      metadataAnswerer({
        metadataUrl: config.metadata_url,
        issuers: (config.issuers ?? []).map(({ issuer }) => issuer),
        scopes: config.scopes_required ?? [],
        bearerMethods: sources.queryNames.length > 0 ? ['header', 'query'] : ['header'],
      }),
    )
  return steps
}

function withPreparations(steps: readonly Step[], authenticate: Step): Step {
  if (steps.length === 0) return authenticate
  return (exchange) => {
    for (const step of steps) {
      const answer = step(exchange)
      if (answer !== undefined) return answer
    }
    return authenticate(exchange)
  }
}

/** Header names that claims of any issuer are sent under. */
function forwardedHeaders({ forward_claims: ofAll, issuers }: Config): readonly string[] {
  const maps = [ofAll, ...(issuers ?? []).map(({ forward_claims: ofOne }) => ofOne)]
  return [...new Set(maps.flatMap((claims) => Object.values(claims ?? {})))]
}

interface Parts {
  readonly context: PluginContext
  readonly sources: TokenSources
  readonly rules: VerificationRules
}

/** @returns Unix time in whole seconds */
function clock({ node }: PluginContext): () => number {
  return () => Math.floor(node.now() / 1000)
}

function attemptBy(
  config: Config,
  parts: Parts,
): (exchange: Exchange) => Attempt | Promise<Attempt> {
  const { context, sources, rules } = parts
  const explainingRules = { ...rules, maxSuggestions: SUGGESTIONS.whenExplaining }
  const { node } = context
  const now = clock(context)
  const refuse = refuser(config, sources)
  const missing = noToken(sources)
  const soleToken = soleBearer(sources)
  const verified = verifiedTokens()
  const forwards = forwardedHeaders(config).length > 0

  /** Whether the token is known to be good. Whoever wants to know why gets it verified again. */
  function isKnown(exchange: Exchange, token: string): boolean {
    if (exchange.decisions?.wantsPasses) return false
    const known = verified.find(token, Math.floor(node.now() / 1000))
    if (known === undefined) return false
    exchange.authenticate(known.identity)
    if (forwards) sendClaims(exchange, known.headers)
    return true
  }

  function settle(exchange: Exchange, text: string, verdict: Verified | TokenRefusal): Attempt {
    if (verdict.kind === 'refused') return refuse(exchange, verdict)
    const { identity, validity, key, headers, token } = verdict
    const { from, until } = validity
    verified.remember(text, { from, until, identity, key, headers })
    exchange.authenticate(identity)
    if (forwards) sendClaims(exchange, headers)
    if (exchange.decisions?.wantsPasses)
      noteAuthenticated(exchange, 'jwt', {
        ...tokenFacts(token, rules.keyClaimName),
        found_in: placeOf(exchange.request, sources),
      })
    return undefined
  }

  function verify(exchange: Exchange, text: string): Attempt | Promise<Attempt> {
    const isExplaining = exchange.decisions?.wantsPasses === true
    const verdict = verifyToken(text, isExplaining ? explainingRules : rules, now)
    return verdict instanceof Promise
      ? verdict.then((later) => settle(exchange, text, later))
      : settle(exchange, text, verdict)
  }

  return function attempt(exchange) {
    const sole = soleToken?.(exchange.request)
    if (sole !== undefined) return isKnown(exchange, sole) ? undefined : verify(exchange, sole)
    const tokens = collectTokens(exchange.request, sources)
    if (tokens.size === 0) return refuse(exchange, missing)
    const [token] = tokens
    if (tokens.size > 1 || typeof token !== 'string') return refuse(exchange, ambiguous(tokens))
    return isKnown(exchange, token) ? undefined : verify(exchange, token)
  }
}

/** Where the token was found matters to those alone who look for why. */
function refuser(
  config: Config,
  sources: TokenSources,
): (exchange: Exchange, refusal: TokenRefusal) => Refusal {
  const refuse = refuseIn(styleOf(config))
  return (exchange, verdict) => {
    const refusal = refuse(verdict, exchange.id)
    if (exchange.decisions === undefined) return refusal
    return { ...refusal, facts: { ...refusal.facts, found_in: placeOf(exchange.request, sources) } }
  }
}

function styleOf(config: Config): RefusalStyle {
  return {
    keyClaimName: config.key_claim_name ?? 'iss',
    format: config.error_format ?? 'kong',
    realm: config.realm,
    scopes: config.scopes_required ?? [],
    metadataUrl: config.metadata_url,
  }
}

function rulesOf(
  config: Config,
  { context, issuers }: { readonly context: PluginContext; readonly issuers: Issuers | undefined },
): VerificationRules {
  return {
    maxSuggestions: SUGGESTIONS.usually,
    keyClaimName: config.key_claim_name ?? 'iss',
    claimsToVerify: config.claims_to_verify ?? [],
    leeway: config.leeway ?? 0,
    maximumExpiration: config.maximum_expiration ?? 0,
    findKey: keyFinder(config.secret_is_base64),
    context,
    issuers,
    headersOf: headersOfClaims(config.forward_claims ?? {}),
    admit: admission(config, context),
  }
}

/** What holds for every token, whoever made it; `undefined` where nothing more is asked. */
function admission(config: Config, context: PluginContext): VerificationRules['admit'] {
  const accept = acceptance(config)
  const isRevoked = config.revocation === true ? revocationCheck(context) : undefined
  if (isRevoked === undefined) return accept && (({ token }) => accept(token.claims ?? {}))
  return ({ token, keyName }) => {
    const claims = token.claims ?? {}
    const checked = firstOf([
      () => isRevoked({ claims, key: keyName }),
      ...(accept ? [accept] : []),
    ])
    return checked(claims)
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
