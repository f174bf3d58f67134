import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { luaPatternSource, matchesLuaPattern } from './lua-pattern.ts'

describe('matchesLuaPattern', () => {
  it.each([
    ['^%u+$', 'GET', true],
    ['^%u+$', 'get', false],
    ['^[%a_-][%a%d_-]*$', '_a-1', true],
    ['^[a-z][a-z0-9-]-[a-z0-9]+$', 'my-env', true],
    ['^[a-z][a-z0-9-]-[a-z0-9]+$', 'a', false],
    ['a.c', 'abc', true],
    ['a%.c', 'abc', false],
    ['^[^*]*%*?[^*]*$', '*.a', true],
    ['^[^*]*%*?[^*]*$', '*.*', false],
    ['[]]', ']', true],
    ['[^%s]', ' ', false],
    ['^%d%d?$', '12', true],
    ['(a)%1', 'aa', true],
    ['$', 'x$', true],
    ['a$b', 'a$b', true],
    ['%f[%w]b', 'a b', true],
    ['^%x+$', 'fF0g', false],
  ])('%s on %s: %s', (pattern, text, matches) => {
    expect(matchesLuaPattern(pattern, text)).toBe(matches)
  })

  it.each(['a%', '[a', '%bxy'])('refuses %s', (pattern) => {
    expect(() => luaPatternSource(pattern)).toThrow(SyntaxError)
  })

  it('takes letters behind a percent sign as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        const pattern = `^${text.replaceAll(/[^A-Za-z0-9]/g, '%$&')}$`
        expect(matchesLuaPattern(pattern, text)).toBe(true)
      }),
    )
  })
})
