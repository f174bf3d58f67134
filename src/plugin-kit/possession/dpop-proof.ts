import { createHash } from 'node:crypto'
import type { OneTimeIds } from '../cluster-marks.ts'
import { equalSecrets } from '../equal-secrets.ts'
import { loadJose } from '../oauth/libraries.ts'
import type { DpopNonces } from './dpop-nonces.ts'

/** What a proof must be about. */
export interface ProofQuestion {
  /** All values of the header `DPoP`. */
  readonly proofs: readonly string[]
  readonly method: string
  /** Under which the client has sent the request; its query does not count. */
  readonly url: string
  readonly accessToken: string
  /** `cnf.jkt` of the token: the thumbprint of the key that it is bound to. */
  readonly thumbprint: string
}

export interface ProofFault {
  readonly why: string
  /** The proof lacks only this nonce, which the client could not know. */
  readonly wantedNonce?: string
}

/** @returns why the proof is none, or nothing */
export type CheckProof = (question: ProofQuestion) => Promise<ProofFault | undefined>

export interface ProofRules {
  /** How old a proof may be; clocks may differ by as much the other way. */
  readonly lifetimeSeconds: number
  /** Absent: proofs need none. */
  readonly nonces: DpopNonces | undefined
  /** Where it is remembered which proofs were used, until they are too old. */
  readonly used: OneTimeIds
  /** Unix time in ms. */
  readonly now: () => number
}

/** Algorithms whose keys need not be kept secret by those who verify. */
export const DPOP_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
] as const

/** Longer than any proof. */
const MAX_LETTERS = 8192

/**
 * Checks proofs that a client has the key which its access token is bound to. A proof counts once.
 *
 * @see RFC 9449 §4.3, §7.1
 */
export function proofChecker({ lifetimeSeconds, nonces, used, now }: ProofRules): CheckProof {
  return async ({ proofs, method, url, accessToken, thumbprint }) => {
    const [proof] = proofs
    if (proof === undefined || proofs.length > 1) return { why: 'there is not one DPoP header' }
    if (proof.length > MAX_LETTERS)
      return { why: `its proof is longer than ${MAX_LETTERS} characters` }
    const verified = await verifyProof(proof)
    if ('fault' in verified) return { why: verified.fault }
    const { claims, keyThumbprint } = verified
    const seconds = Math.floor(now() / 1000)
    const why =
      bindingFault(claims, { method, url, accessToken }) ??
      ageFault(claims['iat'], seconds, lifetimeSeconds)
    if (why !== undefined) return { why }
    if (!equalSecrets(keyThumbprint, thumbprint)) return { why: 'its proof is by another key' }
    if (nonces !== undefined && !nonces.isFresh(claims['nonce']))
      return { why: 'its proof has no nonce of now', wantedNonce: nonces.current() }
    // Until it is too old by its own time, which may lie ahead.
    const endsAt = Math.floor(claims['iat'] as number) + lifetimeSeconds + 1
    const isFirst = await used.use(`${keyThumbprint} ${String(claims['jti'])}`, endsAt)
    return isFirst ? undefined : { why: 'its proof was used before' }
  }
}

type Verified =
  | { readonly claims: Readonly<Record<string, unknown>>; readonly keyThumbprint: string }
  | { readonly fault: string }

async function verifyProof(proof: string): Promise<Verified> {
  const jose = await loadJose()
  try {
    const { payload, protectedHeader } = await jose.compactVerify(proof, jose.EmbeddedJWK, {
      algorithms: [...DPOP_ALGORITHMS],
    })
    if (protectedHeader.typ?.toLowerCase() !== 'dpop+jwt')
      return { fault: 'its proof is not of the type dpop+jwt' }
    const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
    if (typeof claims !== 'object' || claims === null) return { fault: 'its proof has no claims' }
    return {
      claims: claims as Record<string, unknown>,
      keyThumbprint: await jose.calculateJwkThumbprint(protectedHeader.jwk!),
    }
  } catch (error) {
    // All of it comes from the client: whatever is wrong with it is its fault.
    return { fault: `its proof cannot be verified: ${(error as Error).message}` }
  }
}

function bindingFault(
  { jti, htm, htu, ath }: Readonly<Record<string, unknown>>,
  { method, url, accessToken }: Pick<ProofQuestion, 'method' | 'url' | 'accessToken'>,
): string | undefined {
  if (typeof jti !== 'string' || jti === '') return 'its proof has no jti'
  if (htm !== method) return 'its proof is for another method'
  if (typeof htu !== 'string' || !isSameResource(htu, url)) return 'its proof is for another URL'
  const expected = createHash('sha256').update(accessToken).digest('base64url')
  return ath === expected ? undefined : 'its proof is for another token'
}

function isSameResource(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return false
  return withoutQuery(one) === withoutQuery(other)
}

/** In normal form. @see RFC 3986 §6.2.2, §6.2.3 */
function withoutQuery(text: string): string {
  const url = new URL(text)
  url.search = ''
  url.hash = ''
  return url.href
}

function ageFault(iat: unknown, nowSeconds: number, lifetime: number): string | undefined {
  if (typeof iat !== 'number') return 'its proof has no iat'
  return Math.abs(nowSeconds - iat) <= lifetime ? undefined : 'its proof is not of now'
}
