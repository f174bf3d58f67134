import { execFileSync } from 'node:child_process'
import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { SignJWT } from 'jose'
import type { Guard } from './scenarios.ts'

/** Keys made anew for each run, and the request headers that each guard lets through. */
export interface BenchSecrets {
  readonly apiKey: string
  readonly hmacSecret: string
  readonly rsaPublicPem: string
  readonly headers: Readonly<Record<Guard, Readonly<Record<string, string>>>>
  /** Files of a certificate for 127.0.0.1 with a P-256 key. */
  readonly tls: { readonly certificate: string; readonly key: string }
  /** Files with a token a line, of which every one is another. */
  readonly tokens: Readonly<Record<'jwt-hs256' | 'jwt-rs256', TokenFiles>>
}

export interface TokenFiles {
  readonly thousand: string
  readonly new: string
  readonly newCount: number
}

/** More than any cache of ours holds, so that each has been forgotten when its turn comes again. */
const NEW_TOKENS = 24_000

/** @param folder where the files go */
export async function makeSecrets(folder: string): Promise<BenchSecrets> {
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
    tls: makeCertificate(folder),
    tokens: {
      'jwt-hs256': tokenFiles(folder, 'HS256', (text) =>
        createHmac('sha256', hmacSecret).update(text).digest('base64url'),
      ),
      'jwt-rs256': tokenFiles(folder, 'RS256', (text) => signedBy(rsa.privateKey, text)),
    },
  }
}

function signedBy(key: KeyObject, text: string): string {
  return createSign('sha256').update(text).sign(key, 'base64url')
}

function tokenFiles(
  folder: string,
  alg: string,
  signatureOf: (text: string) => string,
): TokenFiles {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = encode({ alg, typ: 'JWT' })
  const iat = Math.floor(Date.now() / 1000)
  const write = (name: string, count: number): string => {
    const lines = Array.from({ length: count }, (_, index) => {
      const claims = {
        sub: `user-${name}-${index}`,
        scope: 'read write',
        kid: `bench-${alg.toLowerCase()}`,
      }
      const signed = `${head}.${encode({ ...claims, iat, exp: iat + 86_400 })}`
      return `${signed}.${signatureOf(signed)}\n`
    })
    const file = path.join(folder, `tokens-${alg}-${name}`)
    writeFileSync(file, lines.join(''))
    return file
  }
  return { thousand: write('thousand', 1000), new: write('new', NEW_TOKENS), newCount: NEW_TOKENS }
}

function makeCertificate(folder: string): BenchSecrets['tls'] {
  const certificate = path.join(folder, 'tls.pem')
  const key = path.join(folder, 'tls.key')
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1 -keyout ${key} -out ${certificate}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  )
  return { certificate, key }
}

function token(alg: string, kid: string, key: Parameters<SignJWT['sign']>[0]): Promise<string> {
  return new SignJWT({ sub: 'user-1234', scope: 'read write', kid })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('1d')
    .sign(key)
}
