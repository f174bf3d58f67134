import { generateKeyPairSync } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Guard } from './scenarios.ts'

/** Keys made anew for each run, and the request headers that each guard lets through. */
export interface BenchSecrets {
  readonly apiKey: string
  readonly hmacSecret: string
  readonly rsaPublicPem: string
  readonly headers: Readonly<Record<Guard, Readonly<Record<string, string>>>>
}

export async function makeSecrets(): Promise<BenchSecrets> {
  const hmacSecret = 'a-secret-of-the-benchmark-that-is-long-enough-for-hs256'
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const apiKey = 'key-of-the-benchmark'
  const hs256 = await token('HS256', 'bench-hs256', new TextEncoder().encode(hmacSecret))
  const rs256 = await token('RS256', 'bench-rs256', rsa.privateKey)
  return {
    apiKey,
    hmacSecret,
    rsaPublicPem: rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    headers: {
      plain: {},
      'key-auth': { apikey: apiKey },
      'jwt-hs256': { authorization: `Bearer ${hs256}` },
      'jwt-rs256': { authorization: `Bearer ${rs256}` },
    },
  }
}

function token(alg: string, kid: string, key: Parameters<SignJWT['sign']>[0]): Promise<string> {
  return new SignJWT({ sub: 'user-1234', scope: 'read write', kid })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('1d')
    .sign(key)
}
