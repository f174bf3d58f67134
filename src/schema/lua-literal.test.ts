import { describe, expect, it } from 'vitest'
import { luaLiteral, luaNumber, luaText } from './lua-literal.ts'

describe('luaLiteral', () => {
  it.each([
    [{}, '{}'],
    [{ b: 'y', a: 'x' }, '{a="x",b="y"}'],
    [['x', 'y'], '{"x","y"}'],
    [[null, 'x'], '{[2]="x"}'],
    [['x', null, 'y'], '{"x",[3]="y"}'],
    [{ '@entity': ['x'] }, '{["@entity"]={"x"}}'],
    [{ end: 1, 'a-b': true }, '{["a-b"]=true,["end"]=1}'],
    [{ a: 'say "x" \\' }, '{a="say \\"x\\" \\\\"}'],
    [{ a: 'x\ny' }, '{a=[[x\ny]]}'],
    [{ a: null }, '{}'],
  ])('writes %j', (value, text) => {
    expect(luaLiteral(value)).toBe(text)
  })

  it('spreads over lines', () => {
    expect(luaLiteral({ a: { b: 'x' }, c: ['y'] }, 'lines')).toBe(
      '{\n  a = {\n    b = "x"\n  },\n  c = {\n    "y"\n  }\n}',
    )
  })
})

describe('luaNumber', () => {
  it.each([
    [1, '1'],
    [1.5, '1.5'],
    [0.1 + 0.2, '0.3'],
    [1e14, '1e+14'],
    [1e300, '1e+300'],
    [1e-7, '1e-07'],
    [Number.POSITIVE_INFINITY, 'inf'],
  ])('writes %d as %s', (value, text) => {
    expect(luaNumber(value)).toBe(text)
  })
})

describe('luaText', () => {
  it('writes what stands in messages', () => {
    expect([null, true, 5, 'a', ['b']].map(luaText)).toEqual(['null', 'true', '5', 'a', '{"b"}'])
  })
})
