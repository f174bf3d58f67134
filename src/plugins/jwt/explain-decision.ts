import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { Decision } from '../../plugin-kit/exchange.ts'
import type { ExplainedCheck, Explanation } from '../../plugin-kit/explanation.ts'
import type { EntityLookup } from '../../plugin-kit/plugin.ts'
import { nearestCredential, nearestKey } from './nearest-key.ts'

/** The checks a token may go through, in this order. */
const CHECKS = [
  'token',
  'format',
  'key',
  'signature',
  'introspection',
  'claims',
  'consumer',
  'possession',
] as const

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
  'token-inactive': {
    check: 'introspection',
    fix: () => 'get a new token: this one has ended, was revoked, or is of another issuer',
  },
  'introspection-unavailable': {
    check: 'introspection',
    fix: () =>
      'see whether the issuer takes the client_id and its secret, and can be reached; the error log says what failed',
  },
  'issuer-other': {
    check: 'introspection',
    fix: () => 'get a token of the issuer that is configured, or correct "issuer"',
  },
  'token-unbound': {
    check: 'possession',
    fix: () =>
      'have the client ask for a bound token, send one that is not as Bearer, or set proof_of_possession_… of the issuer to optional',
  },
  'dpop-missing': {
    check: 'possession',
    fix: () => 'send the token as Authorization: DPoP, with a proof in the header DPoP',
  },
  'dpop-invalid': {
    check: 'possession',
    fix: () => 'make a new proof for each request: with its method, URL, time and token',
  },
  'dpop-nonce-missing': {
    check: 'possession',
    fix: () =>
      'send the request again, with the text of the header DPoP-Nonce as nonce of the proof',
  },
  'certificate-missing': {
    check: 'possession',
    fix: () =>
      'set nginx_proxy_ssl_verify_client = optional_no_ca, and let the client show its certificate',
  },
  'certificate-other': {
    check: 'possession',
    fix: () => 'let the client show the certificate with which it got the token',
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
  const reached = CHECKS.slice(0, CHECKS.indexOf(last) + 1)
  return reached
    .filter((name) => name === last || isMade(name, facts))
    .map((name) => ({
      name,
      found: name === last && ofLast !== '' ? ofLast : foundAt(name, facts),
      verdict: 'ok',
    }))
}

/** Tokens that are no JWT have nothing in them to check, and not every issuer is asked. */
function isMade(name: CheckName, { header, isIntrospected }: Facts): boolean {
  if (name === 'introspection') return isIntrospected
  const isOfJwt = name === 'format' || name === 'key' || name === 'signature'
  return !(isOfJwt && isIntrospected && header['alg'] === undefined)
}

interface Facts {
  readonly place: string
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly keyClaim: string
  /** `''` where there is none. */
  readonly key: string
  readonly isIntrospected: boolean
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
    isIntrospected: facts['introspected'] === true,
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
    case 'introspection':
    case 'consumer':
    case 'possession':
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
