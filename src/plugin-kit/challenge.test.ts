import { describe, expect, it } from 'vitest'
import { challenge } from './challenge.ts'

describe('challenge', () => {
  it.each([
    ['a scheme alone', 'Bearer', {}, 'Bearer'],
    ['an absent parameter', 'Key', { realm: undefined }, 'Key'],
    ['a realm', 'Basic', { realm: 'service' }, 'Basic realm="service"'],
    [
      'several parameters',
      'Bearer',
      { realm: 'r', error: 'invalid_token' },
      'Bearer realm="r", error="invalid_token"',
    ],
    ['quotes and backslashes', 'Key', { realm: 'a"b\\c' }, 'Key realm="a\\"b\\\\c"'],
    ['letters as their bytes', 'Key', { realm: 'ä' }, 'Key realm="\u{c3}\u{a4}"'],
    ['a line break in the realm', 'Key', { realm: 'a\r\nX-Evil: 1' }, 'Key realm="a  X-Evil: 1"'],
  ])('writes %s', (_, scheme, parameters, expected) => {
    expect(challenge(scheme, parameters)).toBe(expected)
  })
})
