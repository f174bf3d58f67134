import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readYaml } from './compose.ts'
import { writeYaml } from './write-yaml.ts'

describe('writeYaml', () => {
  it('writes in block style', () => {
    const value = {
      _format_version: '3.0',
      _transform: false,
      services: [
        { name: 'a', path: null, tags: ['x', '~/y', 'no', '5'], port: 80, empty: [], none: {} },
        { inner: { deep: [['b'], [{ c: 1.5 }]] } },
      ],
      cert: '-----BEGIN\nabc\n-----END\n',
    }
    expect(writeYaml(value)).toBe(
      `_format_version: '3.0'
_transform: false
services:
- name: a
  path: ~
  tags:
  - x
  - ~/y
  - 'no'
  - '5'
  port: 80
  empty: []
  none: {}
- inner:
    deep:
    - - b
    - - c: 1.5
cert: |
  -----BEGIN
  abc
  -----END
`,
    )
  })

  it('writes lines of text as they are', () => {
    expect(writeYaml({ a: { cert: 'abc\n\ndef\n', key: 'x\ny' } })).toBe(
      'a:\n  cert: |\n    abc\n\n    def\n  key: |-\n    x\n    y\n',
    )
  })

  it('writes letters that may not stand in lines by their numbers', () => {
    expect(writeYaml({ a: { first: '\u00010\n', last: 'x\ny\u0085' } })).toBe(
      'a:\n  first: "\\u00010\\n"\n  last: "x\\ny\\u0085"\n',
    )
  })

  it('can be read back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({
        unit: fc.constantFrom(...'ab: #-?,[]{}&*!|>\'"%@`~\n\t019.+eE_<=/\\'.split('')),
      }),
      fc.string({ unit: fc.constantFrom(...'a \n\u0001\u007f\u0085\u2028\ufeff'.split('')) }),
    )
    // However it is written, `<<` merges.
    const key = text.filter((name) => name !== '<<')
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        text,
        fc
          .double({ noNaN: true, noDefaultInfinity: true })
          .filter((number) => !Object.is(number, -0)),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any')),
        fc.dictionary(key, tie('any')),
      ),
    })).any
    fc.assert(
      fc.property(fc.dictionary(key, value), (written) => {
        const yaml = writeYaml(written)
        const reading = readYaml(yaml)
        expect(reading.ok ? reading.value : reading.problem).toEqual(written)
      }),
      { numRuns: 500 },
    )
  })
})
