import { describe, expect, it } from 'vitest'
import { terseLine, type TerseFacts } from './terse-line.ts'

const FACTS: TerseFacts = {
  atMs: new Date(2026, 0, 1, 11, 2, 14).getTime(),
  method: 'GET',
  path: '/api',
  hasQuery: false,
  status: 200,
  tookMs: 1.9,
  consumer: 'ann',
  service: 'hello',
  upstreamMs: 1.2,
  reason: undefined,
  why: undefined,
}

describe('terseLine()', () => {
  it('says who got what from whom', () => {
    expect(terseLine(FACTS, false)).toBe('  11:02:14  GET /api  200  2 ms  ann -> hello (1 ms)\n')
  })

  it('says why not, and under which digits more is known, in one column', () => {
    const refused = { ...FACTS, status: 401, service: undefined, why: '7f3a' }
    const short = terseLine({ ...refused, reason: 'jwt: no token' }, false)
    const long = terseLine({ ...refused, reason: 'key-auth: no API key in the request' }, false)
    expect(short).toMatch(/ {2}401 {2}2 ms {2}jwt: no token +why: 7f3a…\n$/)
    expect(short.indexOf('why:')).toBe(long.indexOf('why:'))
  })

  it('lets nothing that clients send steer the terminal', () => {
    const line = terseLine({ ...FACTS, path: '/\u001B[2J', consumer: 'a\u202Eb' }, false)
    expect(line).toContain('/?[2J')
    expect(line).toContain('a?b')
  })
})
