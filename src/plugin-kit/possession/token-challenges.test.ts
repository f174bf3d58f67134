import { describe, expect, it } from 'vitest'
import { DPOP_ALGORITHMS } from './dpop-proof.ts'
import { possessionError, tokenChallenges } from './token-challenges.ts'

const ALGS = DPOP_ALGORITHMS.join(' ')
const common = { realm: 'r' }
const error = { error: 'invalid_token' }

describe('tokenChallenges', () => {
  it.each([
    [['Bearer'], undefined, ['Bearer realm="r", error="invalid_token"']],
    [['Bearer'], 'DPoP', ['Bearer realm="r", error="invalid_token"']],
    [
      ['Bearer', 'DPoP'],
      'Bearer',
      ['Bearer realm="r", error="invalid_token"', `DPoP realm="r", algs="${ALGS}"`],
    ],
    [
      ['Bearer', 'DPoP'],
      'DPoP',
      ['Bearer realm="r"', `DPoP realm="r", algs="${ALGS}", error="invalid_token"`],
    ],
    [['DPoP'], 'Bearer', [`DPoP realm="r", algs="${ALGS}", error="invalid_token"`]],
  ] as const)('of %j for a token that came as %s', (schemes, cameAs, lines) => {
    const parts = { common, error, ...(cameAs !== undefined && { cameAs }) }
    expect(tokenChallenges(schemes, parts)).toEqual(lines)
  })
})

describe('possessionError', () => {
  it.each([
    ['dpop-invalid', 'invalid_dpop_proof'],
    ['dpop-nonce-missing', 'use_dpop_nonce'],
    ['dpop-missing', 'invalid_token'],
    ['token-expired', 'invalid_token'],
  ])('%s is told as %s', (code, told) => {
    expect(possessionError(code)).toBe(told)
  })
})
