import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { nativeRegex } from './native-regex.ts'

const anchored = { isAnchored: true, ignoresCase: false }
const anywhere = { isAnchored: false, ignoresCase: false }

describe(nativeRegex, () => {
  it.each([
    '/re/\\d+$',
    '/rs/[a-z]+',
    '/rg/(?<name>[a-z]+)/x',
    '/(?P<id>\\w+)',
    '/prio/.*',
    '/a.*/b',
    '/(?i)case',
    '/users/[^/]+/orders/\\d{1,8}$',
    '/(?:v1|v2)/x?',
    '/a(?:/b)?',
    '/.*/items/\\d+$',
    '/file\\.(?:png|jpe?g)$',
    '^/a',
    '/caf\u00e9/\\S+',
    '/\\[x\\]',
    '/[\\w.-]+@',
    '/x{3}y{2,}',
    '/a-b_c~d',
  ])('runs %s natively', (pattern) => {
    expect(nativeRegex(pattern, anchored)).toBeDefined()
  })

  it.each([
    // more than linear for an engine that backtracks
    '/(a+)+$',
    '/(?:a|a)*$',
    '/.*.*x',
    '/a*a*b',
    '/.*a.*b$',
    '/(?:a|aa)(?:a|aa)(?:a|aa)(?:a|aa)(?:a|aa)(?:a|aa)x',
    '/.*\\d+\\d$',
    '/\\w+\\d+x',
    '/[^A]+a+b',
    // unknown to the translation
    '/a|/b',
    '/\\bx',
    '/[[:alpha:]]',
    '/(?=x)',
    '/(?<!x)y',
    '/(a)\\1',
    '/\\pL',
    '/a++',
    '/(?i:a)',
    '/a(?i)b',
    '/a^b',
    '/[z-a]',
    '/(',
    '/)',
    '/[',
    '/\\',
    '/(?<n>a)(?<n>b)',
    '/x{2,1}',
    '*',
  ])('leaves %s to the linear engine', (pattern) => {
    expect(nativeRegex(pattern, anchored)).toBeUndefined()
  })

  it('repeats nothing in patterns that may start anywhere', () => {
    expect(nativeRegex('canary-[0-9]+$', anywhere)).toBeUndefined()
    expect(nativeRegex('^canary-[0-9]+$', anywhere)).toBeDefined()
    expect(nativeRegex('canary', anywhere)).toBeDefined()
  })

  it.each([
    ['/users/\\d+', '/users/'],
    ['/a\\.b/c?', '/a.b/'],
    ['/(?<x>ab)c.*', '/abc'],
    ['/(?i)abc', ''],
    ['/ab*', '/a'],
  ])('knows what matches of %s begin with', (pattern, prefix) => {
    expect(nativeRegex(pattern, anchored)?.prefix).toBe(prefix)
  })

  it('matches what the linear engine matches, with the same groups', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '/',
      '.',
      '\\d',
      '\\w',
      '[ab]',
      '[^/]',
      '[a-c/]',
      '\\.',
      '1',
      '(a)',
      '(?:b|ab)',
      '(?<n>a|b)',
      '(a/)?',
      '[^b]',
    )
    const quantifier = fc.constantFrom(
      '',
      '',
      '',
      '*',
      '+',
      '?',
      '*?',
      '+?',
      '??',
      '{2}',
      '{1,3}',
      '{0,2}?',
    )
    const pattern = fc
      .array(fc.tuple(atom, quantifier), { minLength: 1, maxLength: 6 })
      .chain((parts) =>
        fc.constantFrom('', '$').map((end) => parts.map((part) => part.join('')).join('') + end),
      )
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', 'A', '/', '1', '.', '\n', '\u00e9'),
      maxLength: 12,
    })
    let compared = 0
    fc.assert(
      fc.property(
        pattern,
        fc.array(text, { minLength: 5, maxLength: 5 }),
        fc.boolean(),
        (source, texts, ignoresCase) => {
          const native = nativeRegex(source, { isAnchored: true, ignoresCase })
          if (native === undefined) return
          compared += 1
          const regex = new RegExp(native.source, native.ignoresCase ? 'iuy' : 'uy')
          const linear = RE2JS.compile(`^(?:${source})`, ignoresCase ? RE2JS.CASE_INSENSITIVE : 0)
          for (const asked of texts) {
            regex.lastIndex = 0
            const own = regex.exec(asked)
            const matcher = linear.matcher(asked)
            const theirs = matcher.find()
              ? Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group))
              : null
            expect(own === null ? null : [...own].map((group) => group ?? null)).toEqual(theirs)
          }
        },
      ),
      { numRuns: 3000 },
    )
    expect(compared).toBeGreaterThan(300)
  })
})
