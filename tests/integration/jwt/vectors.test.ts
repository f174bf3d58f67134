import { createSecretKey, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ALGORITHMS, isSignedBy, keyMisfit } from '../../../src/plugin-kit/jose/algorithms.ts'
import {
  decodeBase64Url,
  isBase64Url,
  isCanonicalBase64Url,
} from '../../../src/plugin-kit/jose/base64url.ts'
import { loadPublicKey } from '../../../src/plugin-kit/jose/public-key.ts'
import { hasDuplicates } from '../../../src/plugin-kit/jose/strict-json.ts'
import { fittingKeys, readKeySet } from '../../../src/plugin-kit/jwks/key-set.ts'

/** Published test vectors, which are not part of the project. */
const VECTORS =
  process.env['PORTUNUS_VECTORS'] ??
  path.join(fileURLToPath(new URL('../../../', import.meta.url)), '..', 'shared', 'vectors')
const FILE = path.join(VECTORS, 'wycheproof', 'json_web_signature_test.json')

interface Group {
  readonly public?: Jwk
  readonly private?: Jwk
  readonly tests: readonly {
    readonly tcId: number
    readonly comment: string
    readonly jws: unknown
    readonly result: 'valid' | 'invalid' | 'acceptable'
    readonly flags: readonly string[]
  }[]
}

interface Jwk {
  readonly kty: string
  readonly alg?: string
  readonly k?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
}

/**
 * Marked valid, and refused all the same: the key is for another algorithm (346, 347, 350, 351), or
 * a letter is none of base64url (372, 373).
 */
const REFUSED = new Set([346, 347, 350, 351, 372, 373])

/**
 * Marked invalid, and accepted as in Kong, whose clients may rely on it; none lets anybody sign who
 * does not have the key. 281 to 286: RSA-PSS with a salt of another length. 367, 370, 375: padding, or
 * unused bits of the last letter.
 */
const ACCEPTED_AS_IN_KONG = new Set([281, 282, 283, 284, 285, 286, 367, 370, 375])

/** Named for a padding that is not there: they are well written, and their signature is right. */
const ACCEPTED = new Set([367, 370])

/**
 * Sets of keys marked invalid, and used all the same. 1: secret and key pair side by side, which are
 * told apart by the algorithm. 4: a name twice, where both keys are tried. 7, 8, 10, 11, 12: keys
 * that are weak, which is warned about when they are loaded.
 */
const KEY_SETS_USED = new Set([1, 4, 7, 8, 10, 11, 12])

/**
 * Verifies as the plugin does once the key is found: the key's own algorithm must be the token's.
 * Tokens of issuers are read by the RFCs, those of credentials as in Kong.
 */
function verify(jws: unknown, jwk: Jwk, rules: 'issuers' | 'credentials'): boolean {
  if (typeof jws !== 'string') return false
  if (rules === 'issuers' && !jws.split('.').every(isCanonicalBase64Url)) return false
  const [head = '', payload = '', signature = '', ...more] = jws.split('.')
  const [headBytes, payloadBytes] = [head, payload].map(decodeBase64Url)
  if (more.length > 0 || !headBytes || !payloadBytes || !isBase64Url(signature)) return false
  const name = algorithmOf(headBytes)
  const algorithm = ALGORITHMS.get(name ?? '')
  const key = keyOf(jwk)
  if (algorithm === undefined || key === undefined || jwk.alg !== name) return false
  if (jwk.use === 'enc' || keyMisfit(algorithm, key) !== undefined) return false
  const salts = rules === 'issuers' ? 'as-hash' : 'any'
  return isSignedBy(algorithm, key, { signed: `${head}.${payload}`, signature }, salts)
}

function algorithmOf(bytes: Buffer): string | undefined {
  try {
    const text = bytes.toString()
    const { alg } = JSON.parse(text) as { readonly alg?: unknown }
    return hasDuplicates(text) || typeof alg !== 'string' ? undefined : alg
  } catch {
    return undefined
  }
}

function keyOf(jwk: Jwk): KeyObject | undefined {
  if (jwk.kty !== 'oct') return loadPublicKey(JSON.stringify(jwk))
  const bytes = decodeBase64Url(jwk.k ?? '')
  return bytes && createSecretKey(bytes)
}

const skipped = existsSync(FILE)
  ? ''
  : ` (skipped: no vectors at ${FILE}; PORTUNUS_VECTORS names another place)`

describe(`JSON Web Signatures of Project Wycheproof${skipped}`, () => {
  it.skipIf(skipped !== '').each([
    ['of issuers', 'issuers', ACCEPTED],
    ['of credentials', 'credentials', ACCEPTED_AS_IN_KONG],
  ] as const)('%s are accepted and refused as they are marked', (_, rules, accepted) => {
    const { testGroups } = JSON.parse(readFileSync(FILE, 'utf8')) as {
      readonly testGroups: readonly Group[]
    }
    const wrong: string[] = []
    let count = 0
    for (const group of testGroups)
      for (const { tcId, comment, jws, result, flags } of group.tests) {
        if (result === 'acceptable') continue
        count += 1
        const isWanted = result === 'valid' ? !REFUSED.has(tcId) : accepted.has(tcId)
        const isTaken = verify(jws, group.public ?? group.private!, rules)
        if (isTaken !== isWanted) wrong.push(`${tcId} ${comment} [${flags.join()}] took ${isTaken}`)
      }
    expect(wrong).toEqual([])
    expect(count).toBeGreaterThan(390)
  })
})

interface KeySetGroup {
  readonly public?: unknown
  readonly private?: unknown
  readonly tests: readonly {
    readonly tcId: number
    readonly jws: string
    readonly result: string
  }[]
}

/** Verifies as the plugin does for an issuer with this set of keys. */
function verifyBySet(jws: string, keySet: unknown): boolean {
  const [head = '', payload = '', text = ''] = jws.split('.')
  const { alg = '', kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as {
    readonly alg?: string
    readonly kid?: string
  }
  const algorithm = ALGORITHMS.get(alg)!
  try {
    const keys = readKeySet(keySet, true).keys.map((key) => ({ ...key, usableUntil: Infinity }))
    const signed = { signed: `${head}.${payload}`, signature: text }
    return fittingKeys(keys, { kid, algorithmName: alg, algorithm }).some(({ key }) =>
      isSignedBy(algorithm, key, signed, 'as-hash'),
    )
  } catch {
    return false
  }
}

describe(`JSON Web Keys of Project Wycheproof${skipped}`, () => {
  it.skipIf(skipped !== '')('are used and refused as they are marked', () => {
    const file = path.join(path.dirname(FILE), 'json_web_key_test.json')
    const { testGroups } = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly testGroups: readonly KeySetGroup[]
    }
    const used = testGroups.flatMap((group) =>
      group.tests.filter(({ jws }) => verifyBySet(jws, group.public ?? group.private)),
    )
    const wanted = testGroups
      .flatMap(({ tests }) => tests)
      .filter(({ tcId, result }) => result === 'valid' || KEY_SETS_USED.has(tcId))
    expect(used.map(({ tcId }) => tcId)).toEqual(wanted.map(({ tcId }) => tcId))
    expect(wanted.length).toBeGreaterThan(10)
  })
})
