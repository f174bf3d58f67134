import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'

/** A client with a key that tokens can be bound to. */
export interface DpopClient {
  readonly key: CryptoKey
  readonly jwk: JWK
  /** @param header what its header has instead of what it should */
  proof(claims: object, header?: object): Promise<string>
}

export async function makeDpopClient(): Promise<DpopClient> {
  const { privateKey: key, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return {
    key,
    jwk,
    proof: (claims, header = {}) =>
      new SignJWT({ jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...claims })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })
        .sign(key),
  }
}

export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
