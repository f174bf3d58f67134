import type { JsonObject } from '../../base/json.ts'
import {
  sourceOf,
  whenKnown,
  type SourceAnswer,
  type SourcedRecord,
} from '../../plugin-kit/consumer-source.ts'
import type { Identity } from '../../plugin-kit/exchange.ts'
import type { CheckPossession } from '../../plugin-kit/possession/possession.ts'
import type { TokenScheme } from '../../plugin-kit/possession/token-challenges.ts'
import type { PluginContext } from '../../plugin-kit/plugin.ts'
import { isSignedBy } from '../../plugin-kit/jose/algorithms.ts'
import { checkClaims, type ClaimRules, type Validity } from './check-claims.ts'
import type { JwtCredential } from './credential.ts'
import { decodeToken, type DecodedToken } from '../../plugin-kit/jose/decode-token.ts'
import type { ClaimHeader } from './forward-claims.ts'
import { introspectIssued, isOpaqueToken } from './introspect-issued.ts'
import type { Issuers } from './issuers.ts'
import { nearestKey } from './nearest-key.ts'
import type { KeyFinder } from './verification-key.ts'
import { verifyIssued } from './verify-issued.ts'

/** What a verified token says: whose it is, and how long. */
export interface Verified {
  readonly kind: 'verified'
  readonly token: TokenContent
  readonly identity: Identity
  readonly validity: Validity
  /** The key of an issuer that signed it, or the record of a source; absent for a configured credential. */
  readonly key: Pick<SourcedRecord, 'usableUntil'> | undefined
  /** The key of the credential, or the name of the issuer's. */
  readonly keyName: string | undefined
  /** What the upstream is told of its claims. */
  readonly headers: readonly ClaimHeader[]
  /** Who brings it has to prove that it is his, each time. */
  readonly possession?: CheckPossession | undefined
}

/** What a token says. */
export interface TokenContent {
  /** Empty for one that is no JWT. */
  readonly header: JsonObject
  readonly claims: JsonObject | undefined
  /** Its issuer was asked about it, and its answer is among the claims. */
  readonly isIntrospected?: true
}

/** Why a token was not accepted. */
export interface TokenRefusal {
  readonly kind: 'refused'
  /** Default: 401. */
  readonly status?: 401 | 403 | 503
  /** The body of the answer. */
  readonly body: Readonly<Record<string, string>>
  readonly code: string
  /** For humans who run the gateway; the client never sees it. */
  readonly reason: string
  /** The token as far as it could be read. */
  readonly token?: TokenContent
  /** Whether the client is told that its token is invalid (the default), lacks rights, or only to bring one. */
  readonly challenge?: 'invalid-token' | 'insufficient-scope' | 'token-wanted' | 'none'
  /** The scheme that it came under, where that matters. */
  readonly cameAs?: TokenScheme
  /** What the next proof of the client must have in it. */
  readonly nonce?: string
}

export interface VerificationRules extends ClaimRules {
  readonly keyClaimName: string
  readonly findKey: KeyFinder
  readonly context: PluginContext
  /** Issuers whose tokens need no credential. */
  readonly issuers: Issuers | undefined
  /** What the upstream is told of claims of a credential's token. */
  readonly headersOf: ((claims: JsonObject) => readonly ClaimHeader[]) | undefined
  /** What else a token must be. */
  readonly admit: ((verified: Verified, text: string) => TokenRefusal | undefined) | undefined
  /** Address of whoever brought the token, where a source may be asked for its credential. */
  readonly client?: string
  /** With how many credentials a refusal may still look for the nearest one. */
  readonly maxSuggestions: number
}

/**
 * Verifies a token from its text to its consumer. A token of a trusted issuer is verified by the
 * issuer's keys, every other one by a credential, if one fits.
 *
 * @param now gives Unix time in whole seconds
 * @returns a promise only where an issuer has to be asked, or a source for a credential
 */
export function verifyToken(
  text: string,
  rules: VerificationRules,
  now: () => number,
): Verified | TokenRefusal | Promise<Verified | TokenRefusal> {
  const verdict = verifyMaker(text, rules, now)
  const { admit } = rules
  if (admit === undefined) return verdict
  return whenKnown(verdict, (of) => {
    if (of.kind === 'refused') return of
    const refusal = admit(of, text)
    return refusal === undefined ? of : { ...refusal, token: of.token }
  })
}

/** Finds out who made a token, and whether it is good. */
function verifyMaker(
  text: string,
  rules: VerificationRules,
  now: () => number,
): Verified | TokenRefusal | Promise<Verified | TokenRefusal> {
  const { issuers } = rules
  const token = decodeToken(text)
  if ('fault' in token) {
    const issuer = issuers?.ofOpaque
    return issuer !== undefined && isOpaqueToken(text)
      ? introspectIssued({ text, issuer, signed: undefined }, rules, now)
      : refused(`Bad token; ${token.fault}`, 'token-malformed', `bad token: ${token.why}`)
  }
  const { claims } = token
  const issuer = claims && issuers?.get(claims['iss'])
  return issuer === undefined
    ? verifyByCredential(text, token, rules, now)
    : verifyIssued({ text, token, claims: claims!, issuer }, rules, now)
}

/**
 * The order of the checks is Kong's, since it decides which message a client gets: shape, key claim,
 * credential, algorithm, key, signature, claims, lifetime, consumer.
 */
function verifyByCredential(
  text: string,
  token: DecodedToken,
  rules: VerificationRules,
  now: () => number,
): Verified | TokenRefusal | Promise<Verified | TokenRefusal> {
  return whenKnown(findCredential(token, rules), (found) =>
    found.kind === 'refused'
      ? { ...found, token }
      : verifyWithCredential({ text, token, found }, rules, now()),
  )
}

interface Credited {
  readonly text: string
  readonly token: DecodedToken
  readonly found: Found
}

function verifyWithCredential(
  { text, token, found: { credential, record } }: Credited,
  rules: VerificationRules,
  now: number,
): Verified | TokenRefusal {
  const refusal = refuseRetired(credential, rules, now) ?? refuseSignature(token, credential, rules)
  if (refusal !== undefined) return { ...refusal, token }

  const validity = checkClaims(token.claims ?? {}, rules, now)
  if ('errors' in validity)
    return {
      kind: 'refused',
      body: validity.errors,
      code: validity.code,
      reason: validity.reason,
      token,
    }

  const consumer = record?.consumer ?? rules.context.entities.consumer(credential.consumer.id)
  if (consumer === undefined) {
    const message = `Could not find consumer for '${rules.keyClaimName}=${credential.key}'`
    const reason = `the credential's consumer ${credential.consumer.id} does not exist`
    return { ...refused(message, 'consumer-missing', reason), token, challenge: 'none' }
  }
  return {
    kind: 'verified',
    token,
    validity: untilRetired(validity, credential),
    key: record,
    keyName: credential.key,
    headers: rules.headersOf?.(token.claims ?? {}) ?? NO_HEADERS,
    identity: {
      consumer,
      credential: { id: credential.id, entity: credential },
      credentialIdentifier: credential.key,
      token: text,
    },
  }
}

const NO_HEADERS: readonly ClaimHeader[] = []

/** Clients are told what they would be told once the credential is deleted. */
function refuseRetired(
  { key, retires_at: end }: JwtCredential,
  { keyClaimName }: VerificationRules,
  now: number,
): TokenRefusal | undefined {
  if (typeof end !== 'number' || now < end) return undefined
  return refused(
    `No credentials found for given '${keyClaimName}'`,
    'credential-retired',
    `credential "${key}" was retired: another has taken its place`,
  )
}

function untilRetired(validity: Validity, { retires_at: end }: JwtCredential): Validity {
  return typeof end === 'number' && end < validity.until ? { ...validity, until: end } : validity
}

interface Found {
  readonly kind: 'found'
  readonly credential: JwtCredential
  /** Where a source had it. */
  readonly record?: SourcedRecord
}

/** The credential that the token's key claim names. */
function findCredential(
  { header, claims }: DecodedToken,
  rules: VerificationRules,
): Found | TokenRefusal | Promise<Found | TokenRefusal> {
  const { keyClaimName: name, context } = rules
  const ofPayload = claims && claimOf(claims, name)
  const key = claims === undefined || ofPayload !== undefined ? ofPayload : claimOf(header, name)
  if (key === undefined)
    return refused(
      `No mandatory '${name}' in claims`,
      'key-claim-missing',
      `neither the payload nor the header has "${name}", which says whose token it is`,
    )
  // For other types than a string Kong fails with an error 500.
  if (typeof key !== 'string' || key === '')
    return refused(
      `Invalid '${name}' in claims`,
      'key-claim-invalid',
      key === '' ? `"${name}" is empty` : `"${name}" is not a string`,
    )
  const credential = context.entities.by('jwt_secrets', 'key', key)
  if (credential !== undefined) return { kind: 'found', credential: credential as JwtCredential }
  const source = sourceOf(context.node, 'jwt_secrets')
  if (source === undefined) return unknownCredential(key, rules)
  return whenKnown(source.find('jwt_secrets', 'key', key, rules.client), (answer) =>
    sourcedCredential(key, answer, rules),
  )
}

function sourcedCredential(
  key: string,
  answer: SourceAnswer,
  rules: VerificationRules,
): Found | TokenRefusal {
  switch (answer.kind) {
    case 'found':
      return { kind: 'found', credential: answer.credential as JwtCredential, record: answer }
    case 'none':
      return unknownCredential(key, rules)
    case 'unavailable':
      return {
        ...refused(
          'Cannot look up credentials now',
          'source-unavailable',
          'the consumer_source has no answer; the error log says why',
        ),
        status: 503,
        challenge: 'none',
      }
  }
}

function unknownCredential(
  key: string,
  { keyClaimName: name, context, maxSuggestions }: VerificationRules,
): TokenRefusal {
  const nearest = nearestKey(key, context, maxSuggestions)
  return refused(
    `No credentials found for given '${name}'`,
    'credential-unknown',
    `no credential with key ${JSON.stringify(key)}${nearest === undefined ? '' : ` (${nearest})`}`,
  )
}

/** A claim that is `false` counts as missing, as in Kong; one that is `null` does not. */
function claimOf(claims: JsonObject, name: string): unknown {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined
  return value === false ? undefined : value
}

/** Why the signature does not prove that the credential's key made the token, if it does not. */
function refuseSignature(
  token: DecodedToken,
  credential: JwtCredential,
  { findKey }: VerificationRules,
): TokenRefusal | undefined {
  const expected = credential.algorithm ?? 'HS256'
  if (token.algorithmName !== expected)
    return refused(
      'Invalid algorithm',
      'algorithm-differs',
      `token is signed with ${token.algorithmName}, its credential "${credential.key}" is for ${expected}`,
    )
  const found = findKey(credential, token.algorithm)
  switch (found.kind) {
    case 'unusable':
      return refused(
        'Invalid key/secret',
        'key-unusable',
        `credential "${credential.key}" cannot verify ${expected}: ${found.why}`,
      )
    case 'misfit':
      return refused(
        'Invalid signature',
        'key-misfit',
        `credential "${credential.key}" cannot verify ${expected}: ${found.why}`,
      )
    case 'ready':
      return isSignedBy(token.algorithm, found.key, token)
        ? undefined
        : refused(
            'Invalid signature',
            'signature-wrong',
            `the key of credential "${credential.key}" did not make this ${expected} signature`,
          )
  }
}

function refused(message: string, code: string, reason: string): TokenRefusal {
  return { kind: 'refused', body: { message }, code, reason }
}
