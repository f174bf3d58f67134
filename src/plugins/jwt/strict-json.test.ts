import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonShape } from './strict-json.ts'

describe('jsonShape', () => {
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
    expect(jsonShape(text)).toEqual({ isTooDeep: false, hasDuplicates: expected })
  })

  it('finds what is nested too deep', () => {
    expect(jsonShape('['.repeat(64) + ']'.repeat(64)).isTooDeep).toBe(false)
    expect(jsonShape('['.repeat(65) + ']'.repeat(65)).isTooDeep).toBe(true)
  })

  it('finds no duplicates in what JSON.stringify wrote, and always one that is added', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.string(), (text, name) => {
        const value = JSON.stringify(JSON.parse(text))
        expect(jsonShape(value)).toEqual({ isTooDeep: false, hasDuplicates: false })
        const key = JSON.stringify(name)
        expect(jsonShape(`{${key}:${value},${key}:${value}}`).hasDuplicates).toBe(true)
      }),
    )
  })
})
