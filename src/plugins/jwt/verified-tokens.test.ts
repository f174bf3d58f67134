import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { TrustedKey } from '../../plugin-kit/jwks/key-set.ts'
import { type VerifiedToken, verifiedTokens } from './verified-tokens.ts'

const GOOD: VerifiedToken = {
  from: 0,
  until: 100,
  identity: { consumer: undefined, credential: undefined },
  key: undefined,
  headers: [],
}

function keyUntil(usableUntil: number): TrustedKey {
  return { kid: undefined, alg: undefined, key: createSecretKey('key', 'utf8'), usableUntil }
}

/** Tokens whose last letters differ as those of signatures do. */
function tokens(count: number, seed: string): readonly string[] {
  return Array.from({ length: count }, (_, index) =>
    `h.p.${seed}${Buffer.from(String(Math.imul(index + 1, 2_654_435_761) >>> 0)).toString('base64url')}`.padEnd(
      40,
      'x',
    ),
  )
}

describe('verifiedTokens', () => {
  it('keeps a token when it comes for the second time', () => {
    const verified = verifiedTokens()
    verified.remember('h.p.signature', GOOD)
    expect(verified.find('h.p.signature', 1)).toBeUndefined()
    verified.remember('h.p.signature', GOOD)
    expect(verified.find('h.p.signature', 1)).toBe(GOOD)
  })

  it('finds none whose time is not now', () => {
    const verified = verifiedTokens()
    for (let time = 0; time < 2; time += 1) verified.remember('h.p.signature', GOOD)
    expect(verified.find('h.p.signature', -1)).toBeUndefined()
    expect(verified.find('h.p.signature', 100)).toBeUndefined()
  })

  it('finds none whose key has come to its end', () => {
    const verified = verifiedTokens()
    const key = keyUntil(50)
    for (let time = 0; time < 2; time += 1) verified.remember('h.p.signature', { ...GOOD, key })
    expect(verified.find('h.p.signature', 49)).toBeDefined()
    expect(verified.find('h.p.signature', 50)).toBeUndefined()
    key.usableUntil = 60
    expect(verified.find('h.p.signature', 50)).toBeDefined()
    key.usableUntil = 0
    expect(verified.find('h.p.signature', 1)).toBeUndefined()
  })

  it('takes a token whose key is another one by now', () => {
    const verified = verifiedTokens()
    const key = keyUntil(0)
    for (let time = 0; time < 2; time += 1) verified.remember('h.p.signature', { ...GOOD, key })
    verified.remember('h.p.signature', { ...GOOD, key: keyUntil(60) })
    expect(verified.find('h.p.signature', 1)).toBeDefined()
  })

  it('keeps those in use while others come and go', () => {
    const verified = verifiedTokens({ entries: 100, bytes: 1 << 20 })
    const used = 'h.p.in-use-all-the-time'
    for (let time = 0; time < 2; time += 1) verified.remember(used, GOOD)
    const others = tokens(1000, 'other')
    for (const other of others) {
      for (let time = 0; time < 2; time += 1) verified.remember(other, GOOD)
      expect(verified.find(used, 1)).toBe(GOOD)
    }
    const kept = others.filter((other) => verified.find(other, 1) !== undefined)
    expect(kept.length).toBeLessThanOrEqual(100)
  })
})
