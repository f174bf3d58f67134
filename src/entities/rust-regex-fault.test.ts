import { describe, expect, it } from 'vitest'
import { rustRegexFault } from './rust-regex-fault.ts'

describe('rustRegexFault', () => {
  it.each([
    ['^/a'],
    ['/[(?=]'],
    ['/[](?=]'],
    ['/\\(?=a'],
    ['/[[:alpha:]{}(?=]'],
    ['/\\{a}\\p{Lu}\\x{41}{2}a{3,}(?:b){4,5}'],
    ['/(?P<id>\\d+)(?:a)(?i-s:b)(?R)\\b'],
  ])('finds nothing in %s', (pattern) => {
    expect(rustRegexFault(pattern)).toBeUndefined()
  })

  it.each([
    ['/a(?=b)', '  ^^^', 'look-around, including look-ahead and look-behind, is not supported'],
    ['/(?<!a)b', ' ^^^^', 'look-around, including look-ahead and look-behind, is not supported'],
    ['/(?P<=a)b', '     ^', 'invalid capture group character'],
    ['/(a)\\1', '    ^^', 'backreferences are not supported'],
    ['/(?>a)', '   ^', 'unrecognized flag'],
    ['/(?#x)a', '   ^', 'unrecognized flag'],
    ['/\\Xa', ' ^^', 'unrecognized escape sequence'],
    ['/[\\b]', '  ^^', 'invalid escape sequence found in character class'],
    ['/users/{id}', '        ^', 'repetition quantifier expects a valid decimal'],
    ['/a{1,b}', '     ^', 'repetition quantifier expects a valid decimal'],
    ['/a{', '  ^', 'unclosed counted repetition'],
    ['/a{12', '  ^^^', 'unclosed counted repetition'],
    ['/(a|{id})', '    ^', 'repetition operator missing expression'],
    ['/(?:{id})', '    ^', 'repetition operator missing expression'],
    ['/(*COMMIT)', '  ^', 'repetition operator missing expression'],
  ])('says what is wrong with %s', (pattern, mark, message) => {
    expect(rustRegexFault(pattern)).toBe(
      `regex parse error:\n    ${pattern}\n    ${mark}\nerror: ${message}`,
    )
  })
})
