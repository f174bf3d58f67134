import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { Decision } from '../../plugin-kit/exchange.ts'
import type { ExplainedCheck, Explanation } from '../../plugin-kit/explanation.ts'
import type { EntityLookup } from '../../plugin-kit/plugin.ts'
import { nearestCredential, nearestKey } from './nearest-key.ts'

/** The checks a token goes through, in this order. */
const CHECKS = ['token', 'format', 'key', 'signature', 'claims', 'consumer'] as const

type CheckName = (typeof CHECKS)[number]

/** Who asks can wait a moment, so more credentials are compared than for every bad token. */
const MOST_COMPARED = 1000

interface Fault {
  readonly check: CheckName
  /** Short, for the ladder; absent: the reason as it was noted. */
  readonly verdict?: string
  readonly fix: (facts: Facts, entities: EntityLookup) => string
}

/** By the codes of refusals. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'token-missing': {
    check: 'token',
    fix: () => 'send the header "Authorization: Bearer <token>"; "portunus token" makes one to try',
  },
  'tokens-differ': { check: 'token', fix: () => 'send one token in one place' },
  'token-malformed': {
    check: 'format',
    fix: () => 'send the whole token as its issuer gave it, three parts with dots between them',
  },
  'token-critical': {
    check: 'format',
    fix: () => 'have the issuer leave out the header "crit"',
  },
  'type-wrong': {
    check: 'format',
    fix: () => 'send a token that is meant for this API, or add its type to "typ" of the issuer',
  },
  'key-claim-missing': {
    check: 'key',
    fix: ({ keyClaim }) =>
      `give the token a claim "${keyClaim}" with the key of its credential, or set key_claim_name`,
  },
  'key-claim-invalid': {
    check: 'key',
    fix: ({ keyClaim }) => `"${keyClaim}" must be the key of a credential, as a string`,
  },
  'credential-unknown': {
    check: 'key',
    verdict: 'no credential with this key',
    fix: fixOfUnknown,
  },
  'credential-retired': {
    check: 'key',
    verdict: 'this credential was retired',
    fix: () => 'sign with the credential that took its place; "portunus keys list" names it',
  },
  'source-unavailable': {
    check: 'key',
    verdict: 'the consumer_source has no answer',
    fix: () =>
      'see whether the consumer_source can be reached from here; the error log says what failed',
  },
  'key-unknown': {
    check: 'key',
    fix: () => "see whether the token's kid is among the keys the issuer publishes",
  },
  'keys-unavailable': {
    check: 'key',
    fix: () => 'see whether the issuer can be reached from here; the error log says what failed',
  },
  'key-unusable': { check: 'key', fix: () => 'give the credential a key that fits its algorithm' },
  'key-misfit': { check: 'key', fix: () => 'give the credential a key that fits its algorithm' },
  'algorithm-differs': {
    check: 'key',
    fix: () => 'sign with the algorithm of the credential, or change the algorithm there',
  },
  'algorithm-refused': {
    check: 'key',
    fix: () => 'sign with an algorithm of the list, or add this one to "algorithms" of the issuer',
  },
  'signature-wrong': {
    check: 'signature',
    fix: () => 'sign with the key of this credential; see secret_is_base64 if the secret is right',
  },
  'token-expired': { check: 'claims', fix: () => 'get a new token; "leeway" forgives slow clocks' },
  'token-not-valid-yet': {
    check: 'claims',
    fix: () => 'compare the clocks of issuer and gateway; "leeway" forgives a difference',
  },
  'token-lives-too-long': {
    check: 'claims',
    fix: () => 'make tokens with a shorter life, or raise maximum_expiration',
  },
  'token-revoked': { check: 'claims', fix: () => 'get a new token: this one was revoked' },
  'audience-wrong': {
    check: 'claims',
    fix: () => 'ask the issuer for a token for this API, or add its "aud" to "audiences"',
  },
  'claim-missing': { check: 'claims', fix: () => 'have the issuer put the claim into its tokens' },
  'scope-insufficient': { check: 'claims', fix: () => 'ask for a token with the missing scope' },
  'role-insufficient': { check: 'claims', fix: () => 'give whoever asks the missing role' },
  'consumer-missing': {
    check: 'consumer',
    fix: () => 'create the consumer, or set consumer_optional for the issuer',
  },
}

/** A claim that is wrong in another way than those above. */
const OF_CLAIMS: Fault = { check: 'claims', fix: () => 'have the issuer correct the claim' }

/** The ladder of checks of a token, up to the one it failed. */
export function explainDecision(decision: Decision, entities: EntityLookup): Explanation {
  const { verdict, code, detail = code } = decision
  const facts = readFacts(decision)
  if (verdict === 'skipped') return { checks: [{ name: 'jwt', found: detail, verdict: 'ok' }] }
  const why = detail.replace(/^jwt: /, '')
  if (code === 'authenticated') return { checks: ladder(facts, 'consumer', why) }
  const isAnonymous = code === 'anonymous'
  const fault = isAnonymous ? undefined : (FAULTS[code] ?? OF_CLAIMS)
  if (fault === undefined) return { checks: [{ name: 'token', found: 'none good', verdict: why }] }
  const passed = ladder(facts, fault.check, '').slice(0, -1)
  const hint =
    code === 'credential-unknown' ? nearestKey(facts.key, { entities }, MOST_COMPARED) : undefined
  const failed: ExplainedCheck = {
    name: fault.check,
    found: foundAt(fault.check, facts),
    verdict: fault.verdict ?? why,
    ...(hint !== undefined && { hint }),
  }
  return { checks: [...passed, failed], fix: fault.fix(facts, entities) }
}

function ladder(facts: Facts, last: CheckName, ofLast: string): readonly ExplainedCheck[] {
  return CHECKS.slice(0, CHECKS.indexOf(last) + 1).map((name) => ({
    name,
    found: name === last && ofLast !== '' ? ofLast : foundAt(name, facts),
    verdict: 'ok',
  }))
}

interface Facts {
  readonly place: string
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly keyClaim: string
  /** `''` where there is none. */
  readonly key: string
}

function readFacts({ facts = {} }: Decision): Facts {
  const object = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  const [header, claims] = [object(facts['header']), object(facts['claims'])]
  const keyClaim = text(facts['key_claim']) || 'iss'
  return {
    header,
    claims,
    keyClaim,
    place: text(facts['found_in']),
    key: text(claims[keyClaim] ?? header[keyClaim]),
  }
}

function foundAt(check: CheckName, { place, header, claims, keyClaim, key }: Facts): string {
  switch (check) {
    case 'token':
      return place
    case 'format':
      return header['alg'] === undefined ? '' : `${shown(header['alg'])}, kid ${kidOf(header)}`
    case 'key':
      return `claim ${keyClaim} = ${key === '' ? 'none' : JSON.stringify(key)}`
    case 'signature':
      return shown(header['alg'] ?? '')
    case 'claims':
      return ['exp', 'nbf', 'aud']
        .flatMap((name) => (claims[name] === undefined ? [] : `${name} ${shown(claims[name])}`))
        .join(', ')
    case 'consumer':
      return ''
  }
}

function kidOf({ kid }: JsonObject): string {
  return kid === undefined ? 'none' : shown(kid)
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function fixOfUnknown({ keyClaim, key }: Facts, entities: EntityLookup): string {
  const nearest = nearestCredential(key, entities, MOST_COMPARED)
  const give = `give the credential the key ${JSON.stringify(key)}`
  return nearest === undefined
    ? `create a credential with the key ${JSON.stringify(key)}`
    : `sign with ${keyClaim}=${nearest.key}, or ${give}`
}
