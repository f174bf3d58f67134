import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasDuplicates, isTooDeep } from './strict-json.ts'

describe('hasDuplicates', () => {
  it.each([
    ['an object', '{"a":1,"b":2}', false],
    ['a name twice', '{"a":1,"a":2}', true],
    ['a name twice, once escaped', String.raw`{"a":1,"\u0061":2}`, true],
    ['a name twice, spaced', '{ "a" : 1 , "a"\n:\t2 }', true],
    ['a name twice deep inside', '{"x":[{"y":{"a":1,"a":2}}]}', true],
    ['one name in two objects', '[{"a":1},{"a":{"a":2}}]', false],
    ['a value like a name', '{"a":"a","b":["a","a"]}', false],
    ['quotes and brackets in strings', String.raw`{"a\"":"{\\\"","a":"]}"}`, false],
    ['the prototype as a name', '{"__proto__":1,"__proto__":2}', true],
  ])('finds duplicates in %s', (_, text, expected) => {
    expect(hasDuplicates(text)).toBe(expected)
  })

  it('finds no duplicates in what JSON.stringify wrote, and always one that is added', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.string(), (text, name) => {
        const value = JSON.stringify(JSON.parse(text))
        expect(hasDuplicates(value)).toBe(false)
        const key = JSON.stringify(name)
        expect(hasDuplicates(`{${key}:${value},${key}:${value}}`)).toBe(true)
      }),
    )
  })
})

describe('isTooDeep', () => {
  it('holds from the 65th bracket on', () => {
    expect(isTooDeep('['.repeat(64) + ']'.repeat(64))).toBe(false)
    expect(isTooDeep('['.repeat(65) + ']'.repeat(65))).toBe(true)
    expect(isTooDeep('{"a":'.repeat(65) + '1' + '}'.repeat(65))).toBe(true)
  })

  it('counts what is open, not what was, and nothing in strings', () => {
    expect(isTooDeep(`[${Array(100).fill('[]').join()}]`)).toBe(false)
    expect(isTooDeep(JSON.stringify({ a: '['.repeat(100), ['\\"{'.repeat(50)]: 1 }))).toBe(false)
  })
})
