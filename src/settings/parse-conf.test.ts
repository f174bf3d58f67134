import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatConfValue, parseConf } from './parse-conf.ts'

describe('parseConf()', () => {
  it('reads values, comments and blank lines', () => {
    const text = '# all of it\n\nlog_level = info # behind\n  prefix=/tmp/x\nempty =\n'
    expect(parseConf(text).entries).toEqual([
      { name: 'log_level', value: 'info', line: 3 },
      { name: 'prefix', value: '/tmp/x', line: 4 },
      { name: 'empty', value: '', line: 5 },
    ])
  })

  it.each([
    [String.raw`a = b\#c`, 'b#c'],
    ['a = "b c"', 'b c'],
    ["a = 'b'", 'b'],
    ['a = b=c', 'b=c'],
    ['a = b \\\nc', 'b \nc'],
  ])('reads %j as %j', (text, value) => {
    expect(parseConf(text).entries.map((entry) => entry.value)).toEqual([value])
  })

  it('names lines that are no property', () => {
    expect(parseConf('a = b\nlog_level info\n[section]\n').strayLines).toEqual([2])
  })

  it('reads back every value that was formatted', () => {
    const value = fc.string({
      unit: fc.constantFrom('a', '#', '\\', '"', "'", ' ', '=', '\n', ','),
    })
    fc.assert(
      fc.property(value, (text) => {
        expect(parseConf(`name = ${formatConfValue(text)}\n`).entries).toEqual([
          { name: 'name', value: text, line: 1 },
        ])
      }),
    )
  })
})
