import { describe, expect, it } from 'vitest'
import { compilePattern, patternFault } from './pattern.ts'

describe('compilePattern', () => {
  it.each([
    ['a letter in the middle', 'b', 'abc', true, false],
    ['the whole', 'a.c', 'abc', true, true],
    ['alternatives, each whole', 'http://a|http://b', 'http://a.evil', true, false],
    ['a look-ahead', '^(?!bad).*$', 'good', true, true],
    ['a failing look-ahead', '^(?!bad).*$', 'bad one', false, false],
    ['a back-reference', String.raw`(.)\1`, 'xaab', true, false],
    ['PCRE names', '(?P<name>a)', 'a', true, true],
  ])('finds %s', (_, pattern, text, isFound, isWhole) => {
    const compiled = compilePattern(pattern)
    expect([compiled.isFoundIn(text), compiled.matchesWhole(text)]).toEqual([isFound, isWhole])
  })

  it('takes linear time for patterns that would backtrack', () => {
    expect(compilePattern('^(a+)+$').isFoundIn(`${'a'.repeat(50_000)}!`)).toBe(false)
  })

  it('does not try long texts where matching may backtrack', () => {
    expect(compilePattern(String.raw`(a)\1`).isFoundIn('a'.repeat(5000))).toBe(false)
  })
})

describe('patternFault', () => {
  it('is nothing for a pattern and Kong’s words for what is none', () => {
    expect(patternFault('^a$')).toBeUndefined()
    expect(patternFault('[a')).toBe('not a valid regex: [a')
  })
})
