import { authenticateRequest } from '../../plugin-kit/authenticate-request.ts'
import { sourceOf } from '../../plugin-kit/consumer-source.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import {
  definePlugin,
  type PhaseResult,
  type Plugin,
  type PluginContext,
} from '../../plugin-kit/plugin.ts'
import type { TokenScheme } from '../../plugin-kit/possession/token-challenges.ts'
import type { RecordOf } from '../../schema/field.ts'
import { acceptance, firstOf } from './accept-token.ts'
import { attemptBy } from './attempt.ts'
import type { TokenSources } from './collect-tokens.ts'
import { jwtRevocations, jwtSecrets } from './entities.ts'
import { explainDecision } from './explain-decision.ts'
import { addJudge, explainToken } from './explain-token.ts'
import { headersOfClaims } from './forward-claims.ts'
import { hideTokens } from './hide-token.ts'
import { makeIssuers, type Issuers } from './issuers.ts'
import { metadataAnswerer } from './protected-resource.ts'
import { refuseIn, type RefusalStyle } from './refusals.ts'
import { revocationCheck } from './revocations.ts'
import { checks, schema } from './schema.ts'
import { headerStripper } from './strip-headers.ts'
import { keyFinder } from './verification-key.ts'
import { verifyToken, type VerificationRules } from './verify-token.ts'
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
  begin: warnOfWeakKeys,

  create(config, context) {
    const issuers = issuersOf(config, context)
    const sources: TokenSources = {
      queryNames: config.uri_param_names ?? [],
      cookieNames: config.cookie_names ?? [],
      headerNames: (config.header_names ?? []).map((name) => name.toLowerCase()),
      takesDpop: schemesOf(config).includes('DPoP'),
    }
    const rules = rulesOf(config, { context, issuers })
    const explainingRules = { ...rules, maxSuggestions: SUGGESTIONS.whenExplaining }
    const refuse = refuseIn(styleOf(config))
    const now = clock(context)
    const asksSource = sourceOf(context.node, 'jwt_secrets') !== undefined
    addJudge({
      context,
      keyClaimName: rules.keyClaimName,
      verify: async (token) => verifyToken(token, explainingRules, now),
      refuse: (refusal) => refuse(refusal, ''),
    })
    const authenticate = authenticateRequest({
      context,
      anonymous: config.anonymous,
      runOnPreflight: config.run_on_preflight,
      attempt: attemptBy({
        sources,
        refuse,
        now: () => context.node.now(),
        verify: (token, isExplaining, exchange) => {
          const usual = isExplaining ? explainingRules : rules
          return verifyToken(token, asksSource ? of(exchange, usual) : usual, now)
        },
        keyClaimName: rules.keyClaimName,
        forwards: forwardedHeaders(config).length > 0,
        holdsToPossession: issuers?.holdsToPossession === true,
      }),
      onAnonymous: (exchange) => exchange.shared.delete('authenticated_jwt_token'),
    })
    return {
      access: withPreparations(
        preparations(config, sources),
        hiding(config, sources, authenticate),
      ),
      ...(issuers && { dispose: () => issuers.release() }),
    }
  },
})

function issuersOf(config: Config, context: PluginContext): Issuers | undefined {
  const { issuers, forward_claims: forwarded = {}, leeway = 0, redis } = config
  return issuers && makeIssuers(issuers, { forwarded, leeway, redis }, context)
}

type Step = (exchange: Exchange) => PhaseResult

/** What is done to a request whoever sent it, before anybody looks for a token. */
function preparations(config: Config, sources: TokenSources): readonly Step[] {
  const steps: Step[] = []
  const forwarded = forwardedHeaders(config)
  if (forwarded.length > 0) steps.push(headerStripper(forwarded))
  if (config.metadata_url !== undefined)
    steps.push(
      metadataAnswerer({
        metadataUrl: config.metadata_url,
        issuers: config.issuers ?? [],
        scopes: config.scopes_required ?? [],
        bearerMethods: sources.queryNames.length > 0 ? ['header', 'query'] : ['header'],
      }),
    )
  return steps
}

/** Tokens are there until they were read, and then for nobody. */
function hiding(config: Config, sources: TokenSources, authenticate: Step): Step {
  if (config.hide_credentials !== true) return authenticate
  return (exchange) => {
    const outcome = authenticate(exchange)
    if (!(outcome instanceof Promise)) {
      hideTokens(exchange, sources)
      return outcome
    }
    return outcome.then((answer) => {
      hideTokens(exchange, sources)
      return answer
    })
  }
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

/** @returns Unix time in whole seconds */
/** A source may be asked for a credential only so often for one client. */
function of({ request }: Exchange, rules: VerificationRules): VerificationRules {
  return { ...rules, client: request.ip }
}

function clock({ node }: PluginContext): () => number {
  return () => Math.floor(node.now() / 1000)
}

function styleOf(config: Config): RefusalStyle {
  return {
    keyClaimName: config.key_claim_name ?? 'iss',
    format: config.error_format ?? 'kong',
    realm: config.realm,
    scopes: config.scopes_required ?? [],
    schemes: schemesOf(config),
    metadataUrl: config.metadata_url,
  }
}

/** A token of a credential is bound to nothing, so that Bearer is always taken. */
function schemesOf({ issuers = [] }: Config): readonly TokenScheme[] {
  const takesDpop = issuers.some(({ proof_of_possession_dpop: dpop }) => dpop !== 'off')
  return takesDpop ? ['Bearer', 'DPoP'] : ['Bearer']
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
  return ({ token, keyName, identity }, text) => {
    const claims = token.claims ?? {}
    const checked = firstOf([
      () =>
        isRevoked({
          claims,
          key: keyName,
          opaque: identity.token === undefined ? text : undefined,
        }),
      ...(accept ? [accept] : []),
    ])
    return checked(claims)
  }
}
