import { randomBytes } from 'node:crypto'
import type { JWK } from 'jose'
import type { ClientAuth } from 'oauth4webapi'
import { loadJose, loadOAuth } from './libraries.ts'

/** How clients may prove to a server who they are. */
export const CLIENT_AUTH_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'none',
] as const

export type ClientAuthMethod = (typeof CLIENT_AUTH_METHODS)[number]

/** By the certificate of the connection, whoever signed it, or the client itself. RFC 8705 §2 */
export const TLS_AUTH_METHODS = ['tls_client_auth', 'self_signed_tls_client_auth'] as const

export type AnyAuthMethod = ClientAuthMethod | (typeof TLS_AUTH_METHODS)[number]

/** How long what a client has signed is good. */
const ASSERTION_SECONDS = 60

/** Whether the connection itself must prove who the client is. */
export function isTlsMethod(method: AnyAuthMethod): boolean {
  return TLS_AUTH_METHODS.some((each) => each === method)
}

/** Algorithms that clients may sign with: `HS…` by their secret, the others by a private key. */
export const CLIENT_ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const

/** What the gateway is for a server, and by what it proves that. */
export interface ClientCredentials {
  readonly id: string
  readonly secret: string | undefined
  readonly auth: AnyAuthMethod
  readonly algorithm: string | undefined
  /** A private key, for `private_key_jwt` and signed requests. */
  readonly jwk: JWK | undefined
}

/**
 * How a client proves itself, for oauth4webapi.
 *
 * @param instead of its own method, at an endpoint that has another
 * @throws {TypeError} when it shall sign and has no private key
 */
export async function clientAuth(
  client: ClientCredentials,
  instead?: AnyAuthMethod,
): Promise<ClientAuth> {
  const oauth = await loadOAuth()
  const { auth, secret = '' } = client
  switch (instead ?? auth) {
    case 'client_secret_basic':
      return oauth.ClientSecretBasic(secret)
    case 'client_secret_post':
      return oauth.ClientSecretPost(secret)
    case 'client_secret_jwt':
      return clientSecretJwt(secret, client.algorithm)
    case 'private_key_jwt':
      return oauth.PrivateKeyJwt(await privateKeyOf(client))
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return oauth.TlsClientAuth()
    case 'none':
      return oauth.None()
  }
}

/**
 * Signs with the secret. oauth4webapi does so with HS256 alone.
 * @see OpenID Connect Core 1.0 §9, RFC 7523 §3
 */
async function clientSecretJwt(secret: string, algorithm: string | undefined): Promise<ClientAuth> {
  if (algorithm !== 'HS384' && algorithm !== 'HS512')
    return (await loadOAuth()).ClientSecretJwt(secret)
  const jose = await loadJose()
  return async (as, { client_id: id }, body) => {
    const assertion = await new jose.SignJWT({ jti: randomBytes(32).toString('base64url') })
      .setProtectedHeader({ alg: algorithm })
      .setIssuer(id)
      .setSubject(id)
      .setAudience(as.issuer)
      .setIssuedAt()
      .setExpirationTime(`${ASSERTION_SECONDS} s`)
      .sign(Buffer.from(secret))
    body.set('client_id', id)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', assertion)
  }
}

/** The key that a client signs with. @throws {TypeError} when it has none */
export async function privateKeyOf({ jwk, algorithm }: ClientCredentials) {
  if (jwk === undefined) throw new TypeError('client_jwk is missing: there is nothing to sign with')
  const jose = await loadJose()
  const key = await jose.importJWK(jwk, algorithm ?? jwk.alg)
  if (key instanceof Uint8Array) throw new TypeError('client_jwk is no private key')
  return { key, ...(jwk.kid !== undefined && { kid: jwk.kid }) }
}
