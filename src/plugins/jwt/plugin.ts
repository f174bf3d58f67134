import { exit } from '../../plugin-kit/answer.ts'
import {
  authenticateRequest,
  noteAuthenticated,
  type Attempt,
  type Refusal,
} from '../../plugin-kit/authenticate-request.ts'
import { challenge } from '../../plugin-kit/challenge.ts'
import type { Exchange, Identity } from '../../plugin-kit/exchange.ts'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin-kit/plugin.ts'
import type { RecordOf } from '../../schema/field.ts'
import { collectTokens, soleBearer, type FoundToken, type TokenSources } from './collect-tokens.ts'
import { jwtSecrets } from './entities.ts'
import { checks, schema } from './schema.ts'
import { tokenFacts } from './token-facts.ts'
import { keyFinder } from './verification-key.ts'
import { verifiedTokens } from './verified-tokens.ts'
import { verifyToken, type TokenRefusal, type VerificationRules } from './verify-token.ts'

type Config = RecordOf<typeof schema>

/** A refusal that finds no use for the token looks for the nearest key among so many credentials. */
const SUGGESTIONS = { usually: 20, whenExplaining: 1000 }

/** Authenticates by a signed JSON Web Token, whose key claim names a credential of a consumer. */
export const jwt: Plugin = definePlugin({
  name: 'jwt',
  priority: 1450,
  schema,
  checks,
  not: ['consumer'],
  entities: [jwtSecrets],

  create(config, context) {
    return {
      access: authenticateRequest({
        context,
        anonymous: config.anonymous,
        runOnPreflight: config.run_on_preflight,
        attempt: attemptBy(config, context),
        onAnonymous: (exchange) => exchange.shared.delete('authenticated_jwt_token'),
      }),
    }
  },
})

function attemptBy(config: Config, context: PluginContext): (exchange: Exchange) => Attempt {
  const sources: TokenSources = {
    queryNames: config.uri_param_names ?? [],
    cookieNames: config.cookie_names ?? [],
    headerNames: (config.header_names ?? []).map((name) => name.toLowerCase()),
  }
  const rules: VerificationRules = {
    maxSuggestions: SUGGESTIONS.usually,
    keyClaimName: config.key_claim_name ?? 'iss',
    claimsToVerify: config.claims_to_verify ?? [],
    maximumExpiration: config.maximum_expiration ?? 0,
    findKey: keyFinder(config.secret_is_base64),
    context,
  }
  const explainingRules = { ...rules, maxSuggestions: SUGGESTIONS.whenExplaining }
  const { node } = context
  const refuse = refuseBy(config, rules.keyClaimName)
  const missing = noToken(sources)
  const soleToken = soleBearer(sources)
  const verified = verifiedTokens()

  /** Whether the token is known to be good. Whoever wants to know why gets it verified again. */
  function isKnown(exchange: Exchange, token: string): boolean {
    if (exchange.decisions !== undefined) return false
    const known = verified.find(token, Math.floor(node.now() / 1000))
    if (known === undefined) return false
    exchange.authenticate(known.identity)
    return true
  }

  function verify(exchange: Exchange, text: string): Attempt {
    const isExplaining = exchange.decisions !== undefined
    const now = Math.floor(node.now() / 1000)
    const verdict = verifyToken(text, isExplaining ? explainingRules : rules, now)
    if (verdict.kind === 'refused') return refuse(verdict)
    const { credential, consumer, validity, token } = verdict
    const identity: Identity = {
      consumer,
      credential: { id: credential.id, entity: credential },
      credentialIdentifier: credential.key,
      token: text,
    }
    verified.remember(text, { ...validity, identity })
    exchange.authenticate(identity)
    if (isExplaining) noteAuthenticated(exchange, 'jwt', tokenFacts(token, rules.keyClaimName))
    return undefined
  }

  return function attempt(exchange) {
    const sole = soleToken?.(exchange.request)
    if (sole !== undefined) return isKnown(exchange, sole) ? undefined : verify(exchange, sole)
    const tokens = collectTokens(exchange.request, sources)
    if (tokens.size === 0) return refuse(missing)
    const [token] = tokens
    if (tokens.size > 1 || typeof token !== 'string') return refuse(ambiguous(tokens))
    return isKnown(exchange, token) ? undefined : verify(exchange, token)
  }
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

/** Turns refusals into answers: compact JSON, and a challenge that says whether the token is at fault. */
function refuseBy(config: Config, keyClaimName: string): (refusal: TokenRefusal) => Refusal {
  const { realm } = config
  const challenges = {
    'token-wanted': { headers: { 'www-authenticate': challenge('Bearer', { realm }) } },
    'invalid-token': {
      headers: { 'www-authenticate': challenge('Bearer', { realm, error: 'invalid_token' }) },
    },
    none: {},
  }
  return ({ body, code, reason, token, challenge: kind = 'invalid-token' }) => ({
    code,
    answer: exit(401, body, { reason: `jwt: ${reason}`, ...challenges[kind] }),
    ...(token && { facts: tokenFacts(token, keyClaimName) }),
  })
}
