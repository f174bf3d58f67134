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
    ['/a(?#comment)*'],
    ['/(?<y>\\d{4})-\\k<y>(?P=y)(?&y)'],
    ['/\\p{Lu}\\p{Greek}\\P{^L}\\pL'],
    ['/[a\\-z\\d-][\\w.-]+\\.[A-Z]{2,}$'],
    ['/(?|(a)|(b))\\1'],
    ['/(a)?(?(1)b|c)'],
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
    ['/(a)\\2', 'reference to non-existent subpattern in "/(a)\\2" at "2"'],
    ['/[[:foo:]]', 'unknown POSIX class name in "/[[:foo:]]" at "foo:]]"'],
    [
      '/[:alpha:]',
      'POSIX named classes are supported only within a class in "/[:alpha:]" at "[:alpha:]"',
    ],
    ['/[\\d-z]', 'invalid range in character class in "/[\\d-z]" at "-z]"'],
    ['/[a-\\d]', 'invalid range in character class in "/[a-\\d]" at "]"'],
    ['/[z-\\x41]', 'range out of order in character class in "/[z-\\x41]" at "1]"'],
    ['/[\\', '\\ at end of pattern in "/[\\"'],
    ['/a{2}{3}', 'quantifier does not follow a repeatable item in "/a{2}{3}" at "}"'],
    ['/a{70000}', 'number too big in {} quantifier in "/a{70000}" at "}"'],
    ['/$*', 'quantifier does not follow a repeatable item in "/$*" at "*"'],
    ['/\\b+', 'quantifier does not follow a repeatable item in "/\\b+" at "+"'],
    [
      '/(?<n>a)(?<n>b)',
      'two named subpatterns have the same name (PCRE2_DUPNAMES not set) in "/(?<n>a)(?<n>b)" at "b)"',
    ],
    ['/(?<1n>a)', 'subpattern name must start with a non-digit in "/(?<1n>a)" at "1n>a)"'],
    ['/(?<>a)', 'subpattern name expected in "/(?<>a)" at ">a)"'],
    [
      '/(?<n-x>a)',
      'syntax error in subpattern name (missing terminator?) in "/(?<n-x>a)" at "-x>a)"',
    ],
    ['/(?Pn)', 'unrecognized character after (?P in "/(?Pn)" at "n)"'],
    ['/(?i-z)', 'unrecognized character after (? or (?- in "/(?i-z)" at "z)"'],
    ['/(?', 'missing closing parenthesis in "/(?"'],
    ['/(?P>x)', 'reference to non-existent subpattern in "/(?P>x)" at "x)"'],
    ['/(?1)', 'reference to non-existent subpattern in "/(?1)" at ")"'],
    ['/\\k<n>', 'reference to non-existent subpattern in "/\\k<n>" at "n>"'],
    ['/(?(9)a)', 'reference to non-existent subpattern in "/(?(9)a)" at "(9)a)"'],
    ['/(?|(a)|(b))\\2', 'reference to non-existent subpattern in "/(?|(a)|(b))\\2" at "2"'],
    ['/\\p{Foo}', 'unknown property after \\P or \\p in "/\\p{Foo}"'],
    ['/\\p{L', 'malformed \\P or \\p sequence in "/\\p{L"'],
    [
      '/\\x{110000}',
      'character code point value in \\x{} or \\o{} is too large in "/\\x{110000}" at "}"',
    ],
    [
      '/\\u0041',
      'PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u in "/\\u0041" at "0041"',
    ],
    ['/\\y', 'unrecognized character follows \\ in "/\\y" at "y"'],
    ['/(?<=a+)b', 'length of lookbehind assertion is not limited in "/(?<=a+)b" at "(?<=a+)b"'],
    ['/(*FOO)', '(*VERB) not recognized or malformed in "/(*FOO)" at ")"'],
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
