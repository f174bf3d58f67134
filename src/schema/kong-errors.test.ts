import { describe, expect, it } from 'vitest'
import { errorFields, schemaViolation, schemaViolationMessage } from './kong-errors.ts'
import type { Violation } from './violation.ts'

const at = (path: Violation['path'], message: string, kind: Violation['kind'] = 'field') => ({
  path,
  message,
  kind,
})

describe('errorFields', () => {
  it('nests texts as the value is nested, with null before a bad element', () => {
    expect(
      errorFields([
        at(['a'], 'one'),
        at(['b', 1, 'c'], 'two'),
        at(['b', 1], 'three', 'entity'),
        at([], 'four', 'entity'),
        at([], 'five', 'entity'),
      ]),
    ).toEqual({
      a: 'one',
      b: [null, { c: 'two', '@entity': ['three'] }],
      '@entity': ['four', 'five'],
    })
  })

  it('keeps the first text of a place', () => {
    expect(errorFields([at(['a'], 'one'), at(['a'], 'two')])).toEqual({ a: 'one' })
  })
})

describe('schemaViolationMessage', () => {
  it.each([
    [{ a: 'x' }, 'schema violation (a: x)'],
    [{ b: 'y', a: 'x' }, '2 schema violations (a: x; b: y)'],
    [{ a: 'x', '@entity': ['w', 'v'] }, '3 schema violations (w; v; a: x)'],
    [{ a: [null, 'x'] }, 'schema violation (a.2: x)'],
    [{ a: { c: 'y', b: 'x' } }, '2 schema violations (a.b: x; a.c: y)'],
    [{ a: { b: { c: 'x' } } }, 'schema violation (a.b: {\n  c = "x"\n})'],
  ])('puts %j in one line', (fields, message) => {
    expect(schemaViolationMessage(fields)).toBe(message)
  })

  it('is part of the answer', () => {
    expect(schemaViolation([at(['a'], 'x')])).toEqual({
      code: 2,
      name: 'schema violation',
      message: 'schema violation (a: x)',
      fields: { a: 'x' },
    })
  })
})
