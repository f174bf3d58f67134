import { createHash } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import { oneTimeIds } from '../cluster-marks.ts'
import { equalSecrets } from '../equal-secrets.ts'
import type { ClientRequest } from '../exchange.ts'
import { ownUrl } from '../own-url.ts'
import type { NodeServices } from '../plugin.ts'
import type { RedisConfig } from '../redis-fields.ts'
import { dpopNonces } from './dpop-nonces.ts'
import { proofChecker } from './dpop-proof.ts'

/** Whether tokens must be bound: not looked at, looked at where they are, or demanded. */
export type Demand = 'off' | 'optional' | 'strict'

export interface PossessionRules {
  /** Name of the plugin: of several on one route each looks at the same proof, once. */
  readonly plugin: string
  readonly dpop: Demand
  readonly mtls: Demand
  readonly proofLifetimeSeconds: number
  readonly usesNonce: boolean
  /** Nonces are made of it, so that nodes which share it make the same; absent: of this node alone. */
  readonly nonceSecret: string | undefined
  /** Where nodes remember together which proofs were used. */
  readonly redis: RedisConfig | undefined
}

/** A token that is good, and how it came. */
export interface PresentedToken {
  readonly token: string
  /** The scheme of `Authorization`; absent: it came elsewhere. */
  readonly scheme: 'bearer' | 'dpop' | undefined
  /** What the issuer says that it is bound to: its claim `cnf`. RFC 7800 */
  readonly confirmation: unknown
}

/** Why a token is not good in the hands that bring it. */
export interface PossessionFault {
  readonly code:
    | 'token-unbound'
    | 'dpop-missing'
    | 'dpop-invalid'
    | 'dpop-nonce-missing'
    | 'certificate-missing'
    | 'certificate-other'
  readonly why: string
  /** For the client, with the code `dpop-nonce-missing`. */
  readonly nonce?: string
}

type Verdict = PossessionFault | undefined

/** @returns a promise only where a proof has to be verified */
export type CheckPossession = (
  request: ClientRequest,
  presented: PresentedToken,
) => Verdict | Promise<Verdict>

/**
 * Holds clients to the keys and certificates that their tokens are bound to.
 *
 * @returns `undefined` where that is off: a token is then good in whosever hands it is
 */
export function possessionCheck(
  rules: PossessionRules,
  node: NodeServices,
): CheckPossession | undefined {
  const byKey = rules.dpop === 'off' ? undefined : dpopCheck(rules, node)
  const byCertificate = rules.mtls === 'off' ? undefined : certificateCheck(rules.mtls)
  if (byKey === undefined) return byCertificate
  if (byCertificate === undefined) return byKey
  return (request, presented) => byCertificate(request, presented) ?? byKey(request, presented)
}

/** @see RFC 9449 §7 */
function dpopCheck(rules: PossessionRules, node: NodeServices): CheckPossession {
  const isDemanded = rules.dpop === 'strict'
  const { proofLifetimeSeconds: lifetimeSeconds } = rules
  const check = proofChecker({
    lifetimeSeconds,
    nonces: rules.usesNonce ? dpopNonces(node, rules.nonceSecret, lifetimeSeconds) : undefined,
    used: oneTimeIds(node, `${rules.plugin} dpop proofs`, rules.redis),
    now: () => node.now(),
  })

  async function proven(
    request: ClientRequest,
    { token, thumbprint }: { readonly token: string; readonly thumbprint: string },
  ): Promise<Verdict> {
    const fault = await check({
      proofs: request.headerValues('dpop'),
      method: request.method,
      url: ownUrl(request, request.rawPath),
      accessToken: token,
      thumbprint,
    })
    if (fault === undefined) return undefined
    const { wantedNonce: nonce } = fault
    const why = `the token: ${fault.why}`
    return nonce === undefined
      ? { code: 'dpop-invalid', why }
      : { code: 'dpop-nonce-missing', why, nonce }
  }

  return (request, { token, scheme, confirmation }) => {
    const thumbprint = confirmed(confirmation, 'jkt')
    if (thumbprint === undefined)
      return isDemanded || scheme === 'dpop' ? UNBOUND_TO_KEY : undefined
    // Otherwise whoever stole it could use it where nobody asks for a proof.
    if (scheme !== 'dpop')
      return { code: 'dpop-missing', why: 'the token is bound to a key, and came as another' }
    return proven(request, { token, thumbprint })
  }
}

/** Of a token that was sent as bound, or has to be. */
export const UNBOUND_TO_KEY: PossessionFault = {
  code: 'token-unbound',
  why: 'the token is not bound to a key',
}

/** @see RFC 8705 §3 */
function certificateCheck(
  demand: Demand,
): (request: ClientRequest, presented: PresentedToken) => Verdict {
  return ({ tls }, { confirmation }) => {
    const boundTo = confirmed(confirmation, 'x5t#S256')
    if (boundTo === undefined)
      return demand === 'strict'
        ? { code: 'token-unbound', why: 'the token is not bound to a certificate' }
        : undefined
    const certificate = tls?.clientCertificate?.()
    if (certificate === undefined)
      return {
        code: 'certificate-missing',
        why: 'the token is bound to a certificate, and came without',
      }
    const thumbprint = createHash('sha256').update(certificate).digest('base64url')
    return equalSecrets(thumbprint, boundTo)
      ? undefined
      : { code: 'certificate-other', why: 'the token is bound to another certificate' }
  }
}

function confirmed(confirmation: unknown, name: string): string | undefined {
  const value = isJsonObject(confirmation) ? confirmation[name] : undefined
  return typeof value === 'string' ? value : undefined
}
