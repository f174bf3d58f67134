import { spawnSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createSigner } from 'fast-jwt'
import { SignJWT, type JWK } from 'jose'
import jsonwebtoken, { type Algorithm } from 'jsonwebtoken'
import { describe, expect, it } from 'vitest'
import { ALGORITHM_NAMES } from '../../../src/plugin-kit/jose/algorithms.ts'
import { testPlugin, TEST_TIME_MS } from '../../../src/plugin-kit/testing/test-plugin.ts'
import { jwt } from '../../../src/plugins/jwt/plugin.ts'

/** Tokens that others made, with their own code, must be good; each is spoiled once as well. */

const SECRET = 'a-secret-that-is-long-enough-for-every-hash-there-is-even-the-longest'
const ISSUER = 'https://issuer.test'
const CLAIMS = {
  iss: ISSUER,
  sub: 'änn 🌍',
  exp: TEST_TIME_MS / 1000 + 60,
  n: 1.5,
  list: [1, null],
}
const HASH_CURVES: Readonly<Record<string, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
}

type AlgorithmName = (typeof ALGORITHM_NAMES)[number]

interface Maker {
  readonly name: string
  /** What it is installed by; skipped without. */
  readonly isThere: () => boolean
  readonly cannot?: readonly AlgorithmName[]
  readonly make: (algorithm: AlgorithmName, key: KeyObject | string) => string | Promise<string>
}

const keys = new Map<string, KeyObject>()

function keyFor(algorithm: AlgorithmName): KeyObject | string {
  if (algorithm.startsWith('HS')) return SECRET
  const kind = HASH_CURVES[algorithm] ?? (algorithm === 'EdDSA' ? 'ed25519' : 'rsa')
  let key = keys.get(kind)
  if (key === undefined) keys.set(kind, (key = makeKey(kind)))
  return key
}

function makeKey(kind: string): KeyObject {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  if (kind === 'ed25519') return generateKeyPairSync('ed25519').privateKey
  return generateKeyPairSync('ec', { namedCurve: kind }).privateKey
}

/** Runs a program that reads algorithm, key and claims as JSON and prints a token. */
function run(
  program: string,
  args: readonly string[],
  input: string,
  variables: Readonly<Record<string, string>> = {},
): string {
  const { stdout, stderr, status, error } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    env: { ...process.env, ...variables },
  })
  if (error !== undefined || status !== 0) throw new Error(`${program}: ${error ?? stderr}`)
  return stdout.trim()
}

function succeeds(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args).status === 0
}

/** Secrets as text, key pairs as PEM. */
function inputFor(alg: AlgorithmName, key: KeyObject | string): string {
  const text =
    typeof key === 'string' ? key : key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return JSON.stringify({ alg, key: text, claims: CLAIMS })
}

const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

const MAKERS: readonly Maker[] = [
  {
    name: 'jose of npm',
    isThere: () => true,
    make: (alg, key) =>
      new SignJWT(CLAIMS)
        .setProtectedHeader({ alg, typ: 'JWT' })
        .sign(typeof key === 'string' ? Buffer.from(key) : key),
  },
  {
    name: 'jsonwebtoken of npm',
    isThere: () => true,
    cannot: ['EdDSA'],
    make: (alg, key) =>
      jsonwebtoken.sign(CLAIMS, key, { algorithm: alg as Algorithm, noTimestamp: true }),
  },
  {
    name: 'fast-jwt of npm',
    isThere: () => true,
    make(algorithm, key) {
      const text = typeof key === 'string' ? key : key.export({ type: 'pkcs8', format: 'pem' })
      return createSigner({ algorithm, key: text, noTimestamp: true })(CLAIMS)
    },
  },
  {
    name: 'PyJWT (python3-jwt)',
    isThere: () => succeeds(PYTHON, ['-c', 'import jwt, cryptography']),
    make: (alg, key) =>
      run(
        PYTHON,
        [
          '-c',
          'import json, sys, jwt; i = json.load(sys.stdin); print(jwt.encode(i["claims"], i["key"], i["alg"]))',
        ],
        inputFor(alg, key),
      ),
  },
  {
    name: 'ruby-jwt',
    isThere: () => succeeds('ruby', ['-e', 'require "jwt"']),
    // Ed25519 needs another gem there.
    cannot: ['EdDSA'],
    make: (alg, key) =>
      run(
        'ruby',
        [
          '-e',
          `require "jwt"; require "json"; i = JSON.parse(STDIN.read)
           key = i["alg"].start_with?("HS") ? i["key"] : OpenSSL::PKey.read(i["key"])
           print JWT.encode(i["claims"], key, i["alg"])`,
        ],
        inputFor(alg, key),
      ),
  },
  {
    name: 'Crypt::JWT (libcrypt-jwt-perl)',
    isThere: () => succeeds('perl', ['-MCrypt::JWT', '-MJSON::PP', '-e', '1']),
    make: (alg, key) =>
      run(
        'perl',
        [
          '-MCrypt::JWT=encode_jwt',
          '-MJSON::PP',
          '-e',
          `local $/; my $i = decode_json(<STDIN>);
           my $key = $i->{alg} =~ /^HS/ ? $i->{key} : \\$i->{key};
           print encode_jwt(payload => $i->{claims}, alg => $i->{alg}, key => $key)`,
        ],
        inputFor(alg, key),
      ),
  },
  {
    name: 'jose of José (jose)',
    isThere: () => succeeds('jose', ['alg', '-k', 'sign']),
    cannot: ['EdDSA'],
    make: (alg, key) => {
      const jwk =
        typeof key === 'string'
          ? { kty: 'oct', k: Buffer.from(key).toString('base64url') }
          : createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ format: 'jwk' })
      const args = ['jws', 'sig', '-I-', '-c', '-s', JSON.stringify({ protected: { alg } })]
      return run(
        'bash',
        ['-c', 'jose "$@" -k <(printf %s "$JWK")', '-', ...args],
        JSON.stringify(CLAIMS),
        {
          JWK: JSON.stringify(jwk),
        },
      )
    },
  },
]

async function verdictOf(text: string, alg: AlgorithmName, key: KeyObject | string) {
  const jwk =
    typeof key === 'string'
      ? { kty: 'oct', k: Buffer.from(key).toString('base64url') }
      : withoutPrivate(key.export({ format: 'jwk' }))
  const config = { issuers: [{ issuer: ISSUER, jwks: { keys: [jwk] }, algorithms: [alg] }] }
  const request = { headers: { Authorization: `Bearer ${text}` } }
  const { answer, credential } = await testPlugin(jwt, config, { request })
  return answer === undefined ? credential?.id : answer.reason
}

function withoutPrivate({ kty, crv, x, y, n, e }: JWK): object {
  return { kty, crv, x, y, n, e }
}

for (const { name, isThere, cannot = [], make } of MAKERS) {
  const isMissing = !isThere()
  describe(`tokens made by ${name}${isMissing ? ' (skipped: it is not installed)' : ''}`, () => {
    const able = ALGORITHM_NAMES.filter((algorithm) => !cannot.includes(algorithm))
    it.skipIf(isMissing).each(able)('%s', async (alg) => {
      const key = keyFor(alg)
      const text = await make(alg, key)
      expect(await verdictOf(text, alg, key)).toBe(`${ISSUER}#${CLAIMS.sub}`)
      const [head, payload = '', signature] = text.split('.')
      const spoiled = Buffer.from(payload, 'base64url').toString().replace('1.5', '2.5')
      const other = `${head}.${Buffer.from(spoiled).toString('base64url')}.${signature}`
      expect(await verdictOf(other, alg, key)).toContain('signature')
    })
  })
}
