import { describe, expect, it } from 'vitest'
import { judgeIntrospection } from './introspection.ts'

const NOW = 1_000_000
const LIFE = { nowMs: NOW * 1000, leewaySeconds: 5, activeMs: 30_000, inactiveMs: 10_000 }

describe('judgeIntrospection', () => {
  it.each([
    [{ active: true }, 30],
    [{ active: true, exp: NOW + 100 }, 30],
    [{ active: true, exp: NOW + 10 }, 15],
    [{ active: true, exp: NOW - 4 }, 1],
    [{ active: true, nbf: NOW + 5 }, 30],
  ])('%j is active for %i seconds', (claims, seconds) => {
    expect(judgeIntrospection(claims, LIFE)).toEqual({
      value: claims,
      untilMs: (NOW + seconds) * 1000,
    })
  })

  it.each([
    { active: false },
    {},
    { active: 'true' },
    { active: 1 },
    { active: true, exp: NOW - 5 },
    { active: true, nbf: NOW + 6 },
  ])('%j is not', (claims) => {
    expect(judgeIntrospection(claims, LIFE)).toEqual({
      value: undefined,
      untilMs: (NOW + 10) * 1000,
    })
  })
})
