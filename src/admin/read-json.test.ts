import { describe, expect, it } from 'vitest'
import { readJsonObject } from './read-json.ts'

const read = (text: string) => readJsonObject(Buffer.from(text))

describe('readJsonObject()', () => {
  it('reads an object', () => {
    expect(read(' {"a":[1,"]}"],"b":{"c":null}} ')).toEqual({ a: [1, ']}'], b: { c: null } })
  })

  it.each(['', '[1]', '"x"', 'null', '5', '{"a"', '{bad', '\u{feff}{}', '{"a":1}x'])(
    'refuses %j',
    (text) => {
      expect(read(text)).toBeUndefined()
    },
  )

  it('refuses bytes that are not UTF-8, which two readers could take differently', () => {
    expect(readJsonObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined()
  })

  it('refuses what is nested so deeply that reading it on could exhaust the stack', () => {
    const deep = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`
    expect(read(deep(499))).toBeDefined()
    expect(read(deep(500))).toBeUndefined()
    expect(read(`{"a":"${'['.repeat(5000)}"}`)).toBeDefined()
    expect(read(`{"a\\"${'['.repeat(5000)}":1}`)).toBeDefined()
  })

  it('keeps a member called __proto__ a member', () => {
    expect(Object.keys(read('{"__proto__":{"x":1}}')!)).toEqual(['__proto__'])
  })
})
