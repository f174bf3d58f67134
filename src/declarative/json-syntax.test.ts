import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atOnce } from '../base/steps.ts'
import { jsonDepthSteps, jsonFault } from './json-syntax.ts'

describe('jsonFault', () => {
  it.each([
    ['{"a":1,}', 'Expected object key string but found T_OBJ_END at character 8'],
    ['{"a" 1}', 'Expected colon but found T_NUMBER at character 6'],
    ['{"a":1 "b"', 'Expected comma or object end but found T_STRING at character 8'],
    ['[1,', 'Expected value but found T_END at character 4'],
    ['[1 2]', 'Expected comma or array end but found T_NUMBER at character 4'],
    ['{} x', 'Expected the end but found invalid token at character 4'],
    ['{x', 'Expected object key string but found invalid token at character 2'],
    ['{"a" x', 'Expected colon but found invalid token at character 6'],
    ['{"a":1x}', 'Expected comma or object end but found invalid token at character 7'],
    ['{"a":1,x}', 'Expected object key string but found invalid token at character 8'],
    ['[-]', 'Expected value but found invalid number at character 2'],
    ['{"a":"b\\q"}', 'Expected value but found invalid escape code at character 8'],
    ['{"a":"\\u12"}', 'Expected value but found invalid unicode escape code at character 7'],
    ['{} {}', 'Expected the end but found T_OBJ_BEGIN at character 4'],
    ['{"a', 'Expected object key string but found unexpected end of string at character 4'],
    ['', 'Expected value but found T_END at character 1'],
  ])('says what is wrong with %j', (text, message) => {
    expect(jsonFault(text)?.message).toBe(message)
  })

  it('finds a fault exactly where there is one', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '1',
      '-0.5e3',
      'true',
      'null',
      ' ',
      'x',
      '"',
    ]
    const text = fc.oneof(
      fc.array(fc.constantFrom(...pieces)).map((some) => some.join('')),
      fc.json(),
    )
    fc.assert(
      fc.property(text, (some) => {
        expect(jsonFault(some) === undefined).toBe(isJson(some))
      }),
      { numRuns: 500 },
    )
  })

  it('needs no stack for deep texts', () => {
    expect(jsonFault('['.repeat(200_000))?.message).toMatch(/T_END/)
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // Not being JSON is the answer asked for.
    return false
  }
}

describe(jsonDepthSteps, () => {
  it.each([
    ['1', 0],
    ['{"a":[{}]}', 3],
    ['["[[[\\"["]', 1],
    ['[][]', 1],
  ])('of %s is %d', (text, depth) => {
    expect(atOnce(jsonDepthSteps(text))).toBe(depth)
  })
})
