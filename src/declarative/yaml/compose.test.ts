import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { readYaml } from './compose.ts'
import { Places } from './places.ts'

function read(text: string): unknown {
  const reading = readYaml(text)
  if (!reading.ok) throw new Error(reading.problem)
  return reading.value
}

function problem(text: string): string {
  const reading = readYaml(text)
  if (reading.ok) return `read as ${JSON.stringify(reading.value)}`
  const { understood, problem: said } = reading
  return `${understood.line + 1}:${understood.column + 1}: ${said}`
}

describe('readYaml', () => {
  it.each([
    ['', undefined],
    ['# nothing\n', undefined],
    ['~', null],
    ['hello', 'hello'],
    ['a: b', { a: 'b' }],
    ['a:', { a: null }],
    ['a:\n- b\n-\n- c: d\n  e: f', { a: ['b', null, { c: 'd', e: 'f' }] }],
    ['a:\n  - b\nc: d', { a: ['b'], c: 'd' }],
    ['- - a\n  - b\n- c', [['a', 'b'], 'c']],
    ['{a: b, c, "d":1, e: [f, {g: h}], }', { a: 'b', c: null, d: 1, e: ['f', { g: 'h' }] }],
    ['[a: b, c]', [{ a: 'b' }, 'c']],
    ['{"a":\n\t"b",\n\t"c": [1]}', { a: 'b', c: [1] }],
    ['? a\n: b\n? c', { a: 'b', c: null }],
    ['a: b # c\nd: e#f', { a: 'b', d: 'e#f' }],
    ['a: http://x:80/y?z#w', { a: 'http://x:80/y?z#w' }],
    ['a: b\n  c\n\n  d', { a: 'b c\nd' }],
    ["a: 'it''s\n  one'", { a: "it's one" }],
    ['a: "\\u00e4\\x41\\n\\t\\"\\\\\\/ \\\n  b"', { a: 'äA\n\t"\\/ b' }],
    ['a: "\\ud83d\\ude00"', { a: '😀' }],
    ['a: "x\\0y"', { a: 'x' }],
    ['a: |\n  x\n   y\n\nb: c', { a: 'x\n y\n', b: 'c' }],
    ['a: |-\n  x\n\n  y\n\n', { a: 'x\n\ny' }],
    ['a: |+\n  x\n\n', { a: 'x\n\n' }],
    ['a: |2\n   x\n', { a: ' x\n' }],
    ['a: >\n  x\n  y\n\n  z\n    w\n  v\n', { a: 'x y\nz\n  w\nv\n' }],
    ['- &a {b: c}\n- *a', [{ b: 'c' }, { b: 'c' }]],
    [
      '- &a {b: c, d: e}\n- <<: *a\n  d: f',
      [
        { b: 'c', d: 'e' },
        { b: 'c', d: 'f' },
      ],
    ],
    [
      '- &a {b: 1}\n- &c {b: 2, d: 3}\n- {<<: [*a, *c]}',
      [{ b: 1 }, { b: 2, d: 3 }, { b: 1, d: 3 }],
    ],
    ['a: 1\na: 2', { a: 2 }],
    ['5: a\ntrue: b\n~: c', { 5: 'a', true: 'b', null: 'c' }],
    ['%YAML 1.1\n---\na: b\n...\n', { a: 'b' }],
    ['--- a\n--- b', 'a'],
    ['a: !!str 5\nb: !own x\nc: !!int "7"\nd: !!binary aGk=', { a: '5', b: 'x', c: 7, d: 'hi' }],
    ['\uFEFFa: b', { a: 'b' }],
    ['a: b\r\nc: d\r\n', { a: 'b', c: 'd' }],
  ])('reads %j', (text, value) => {
    expect(read(text)).toEqual(value)
  })

  it('keeps a key that is special to objects a plain key', () => {
    const value = read('__proto__: {a: 1}\nb: 2') as object
    expect(Object.keys(value)).toEqual(['__proto__', 'b'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it.each([
    ['a: b\n c: d', '1:4: mapping values are not allowed in this context'],
    ['s:\n- name: a\n url: b\n', '3:2: did not find expected key'],
    ['{"a":"b",', '1:6: did not find expected node content'],
    ['s:\n  - name: [a\n', "2:12: did not find expected ',' or ']'"],
    ['{a: b', "1:5: did not find expected ',' or '}'"],
    ['- a\nb: c', "1:3: did not find expected '-' indicator"],
    ['a: b: c', '1:4: mapping values are not allowed in this context'],
    ['a: "b', '1:1: found unexpected end of stream'],
    ['a: "\\q"', '1:1: found unknown escape character'],
    ['a: "\\x4"', '1:1: did not find expected hexdecimal number'],
    ['a: @b', '1:1: found character that cannot start any token'],
    ['a:\n\tb: c', '1:1: found character that cannot start any token'],
    ['a: *b', '1:4: invalid reference: b'],
    ['a: &b [*b]', "1:8: anchor 'b' holds itself"],
    ['a\nb', 'read as "a b"'],
    ['a: b\nc\nd: e', "1:4: could not find expected ':'"],
    ['a: \x01', '0:0: control characters are not allowed'],
    ['a: {<<: 5}', "1:9: invalid '<<' merge event: 5"],
    ['a: {<<: }', "1:9: invalid '<<' merge event"],
    ['a: {b: c, d [e]}', "1:13: did not find expected ',' or '}'"],
    ['a: {b, "c" d}', "1:12: did not find expected ',' or '}'"],
    ['a: [b: c}]', "1:9: did not find expected ',' or ']'"],
    ['😀: "😀" b', '1:4: did not find expected key'],
    ['%a_b: c', '1:1: found unexpected non-alphabetical character'],
    ['a: !x!y z', '1:1: found undefined tag handle'],
    ['%NOPE x\n---\na', '1:1: found unknown directive name'],
    ['a: |0\n  b', '1:1: found an indentation indicator equal to 0'],
  ])('says what is wrong with %j as Kong does', (text, message) => {
    expect(problem(text)).toBe(message)
  })

  it('refuses aliases that stand for more than anybody could write', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let level = 1; level < 9; level += 1) {
      const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`)
      lines.push(`a${level}: &a${level} [${aliases.join(', ')}]`)
    }
    expect(problem(lines.join('\n'))).toMatch(/aliases stand for too many values$/)
  })

  it('refuses endless nesting', () => {
    expect(problem('['.repeat(100_000))).toMatch(/nested too deeply$/)
  })

  it('reads what another writer wrote', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        tie('scalar'),
        fc.array(tie('any')),
        fc.dictionary(KEY, tie('any')),
      ),
      scalar: fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: fc.constantFrom(...TROUBLE) }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
      ),
    })).any
    fc.assert(
      fc.property(value, fc.boolean(), (member, isJson) => {
        const written = { member }
        const text = isJson ? JSON.stringify(written) : stringify(written, { version: '1.1' })
        fc.pre(!/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]|\\0|\\u0000|^%/m.test(text))
        const reading = readYaml(text)
        // In a block of lines, one of blanks alone is an empty one to some.
        fc.pre(isJson || !/^[ \t]+$/m.test(text))
        // Tabs right behind the indentation are refused, as everywhere where libyaml reads.
        fc.pre(reading.ok || !reading.problem.includes('tab character'))
        expect(read(text)).toEqual(written)
      }),
      { numRuns: 500 },
    )
  })

  it('reads any text like another reader, or refuses it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }), (pieces) => {
        const text = `${pieces.join('')}\n`
        // How a list or mapping becomes the name of a member is everybody's own.
        fc.pre(!/[\]}]\s*:/.test(text) && !/\{\s*(?:[^{}]*[,\n])?\s*[[{]/.test(text))
        // Behind an empty line and a comment the other goes on beyond the indentation; libyaml does not.
        fc.pre(!/\n[ \t]*\n#[^\n]*\n /.test(text))
        const reading = readYaml(text)
        const other = attempt(() =>
          parse(text, { version: '1.1', merge: true, uniqueKeys: false, logLevel: 'error' }),
        )
        fc.pre(reading.ok && other.ok)
        if (reading.ok && other.ok) expect(withNullKeys(reading.value ?? null)).toEqual(other.value)
      }),
      { numRuns: 2000 },
    )
  })
})

const KEY = fc.string({ minLength: 1, unit: fc.constantFrom(...'abc xyz_-.'.split('')) })
const TROUBLE = 'ab: #-?,[]{}&*!|>\'"%@`~\n\t0179.+eE_<=/\\'.split('')
const PIECES = [
  'a',
  'b',
  ' c',
  ': ',
  ':',
  '\n',
  '\n  ',
  '\n- ',
  '- ',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '"x"',
  "'y'",
  '# z',
  '1',
  'x y',
  '\n  - ',
  '|\n   t\n',
  '\n\n',
]

/** The other reader calls a key that is null by the empty name. */
function withNullKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNullKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name === 'null' ? '' : name,
      withNullKeys(member),
    ]),
  )
}

function attempt(run: () => unknown): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: run() ?? null }
  } catch {
    // Refusing is an answer too.
    return { ok: false }
  }
}

describe('Places', () => {
  const text = `a: 1
services:
- &s
  name: x
- <<: *s
  port:  80
`

  it.each([
    [['services'], 'key', '2:1'],
    [['services', 0], 'value', '3:3'],
    [['services', 0, 'name'], 'value', '4:9'],
    [['services', 0, 'name'], 'key', '4:3'],
    [['services', 1], 'value', '5:3'],
    [['services', 1, 'name'], 'value', '4:9'],
    [['services', 1, 'port'], 'value', '6:10'],
    [['services', 1, 'nope'], 'value', '5:3'],
    [['services', 7], 'value', '3:1'],
    [['nope', 5], 'value', '1:1'],
  ] as const)('finds %j, the %s', (path, wanted, place) => {
    const places = new Places()
    const reading = readYaml(text, places)
    const mark = reading.ok ? places.find(reading.value, path, wanted) : undefined
    expect(mark && `${mark.line + 1}:${mark.column + 1}`).toBe(place)
  })
})
