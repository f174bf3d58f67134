import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { regexFault } from './regex-fault.ts'

describe('regexFault', () => {
  it.each([
    ['/a/[0-9]+'],
    ['/(?<id>\\d{3,5})/x'],
    ["/(?'id'a)(?P<b>c)"],
    ['/(?i)a(?-i:b)'],
    ['/a(?=b)(?!c)(?<=d)(?<!e)(?>f)'],
    ['/[]a][^]b][[:alpha:]\\]-z]'],
    ['/a{,3}b{x}'],
    ['/a*?b+?c??d*+'],
    ['/(a)\\1'],
    ['/\\Qa(b\\E'],
    ['/(?#comment)a'],
    [''],
  ])('takes %s', (source) => {
    expect(regexFault(source)).toBeUndefined()
  })

  it.each([
    ['/a(', 'missing closing parenthesis in "/a("'],
    ['/a/([0-9]+', 'missing closing parenthesis in "/a/([0-9]+"'],
    ['/a)', 'unmatched closing parenthesis in "/a)" at ")"'],
    ['/[a', 'missing terminating ] for character class in "/[a"'],
    ['*a', 'quantifier does not follow a repeatable item in "*a" at "*a"'],
    ['/(+a)', 'quantifier does not follow a repeatable item in "/(+a)" at "+a)"'],
    ['/a\\', '\\ at end of pattern in "/a\\"'],
    ['/a{5,2}', 'numbers out of order in {} quantifier in "/a{5,2}" at "}"'],
    ['/[z-a]', 'range out of order in character class in "/[z-a]" at "a]"'],
    ['/(?z)a', 'unrecognized character after (? or (?- in "/(?z)a" at "z)a"'],
    ['/(a)\\2', 'reference to non-existent subpattern in "/(a)\\2"'],
    ['/[[:foo:]]', 'unknown POSIX class name in "/[[:foo:]]" at "[:foo:]]"'],
  ])('says why %s is none', (source, message) => {
    expect(regexFault(source)).toBe(`pcre2_compile() failed: ${message}`)
  })

  it('ends for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."()[]{}\\?*+|^$-:<>=!a1,P'#".split('')) }),
        (source) => {
          const fault = regexFault(source)
          expect(fault === undefined || fault.startsWith('pcre2_compile() failed: ')).toBe(true)
        },
      ),
    )
  })

  it('takes escaped text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        const escaped = text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
        expect(regexFault(escaped)).toBeUndefined()
      }),
    )
  })
})
