import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fieldPart, multipartBoundary, readMultipart, writeMultipart } from './multipart-body.ts'

const lines = (...all: string[]): Buffer => Buffer.from(all.join('\r\n'))

const FORM = lines(
  '--b',
  'Content-Disposition: form-data; name="a"',
  '',
  '1',
  '--b',
  'content-disposition: form-data; name="file"; filename="x.txt"',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'line one',
  '--bogus is content',
  '--b--',
  '',
)

describe('multipartBoundary', () => {
  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['multipart/form-data; boundary="a b:c"; x=y', 'a b:c'],
    ['multipart/form-data; Boundary=abc', 'abc'],
    ['multipart/form-data', undefined],
    ['multipart/form-data; boundary=', undefined],
    ['multipart/form-data; boundary=a; boundary=b', undefined],
    [`multipart/form-data; boundary=${'x'.repeat(71)}`, undefined],
    ['multipart/form-data; boundary="a\\"b"', undefined],
  ])('of %s is %s', (contentType, expected) => {
    expect(multipartBoundary(contentType)).toBe(expected)
  })
})

describe('readMultipart', () => {
  it('refuses text after a boundary, which some parsers take for content', () => {
    expect(readMultipart('b', FORM)).toBeUndefined()
  })

  it('reads names and contents', () => {
    const body = Buffer.from(FORM.toString().replace('--bogus', '-- bogus'))
    const parts = readMultipart('b', body)!
    expect(parts.map(({ name, content }) => [name, Buffer.from(content).toString()])).toEqual([
      ['a', '1'],
      ['file', 'line one\r\n-- bogus is content'],
    ])
    expect(Buffer.from(writeMultipart('b', parts))).toEqual(body)
  })

  it.each([
    ['no closing boundary', lines('--b', 'Content-Disposition: form-data; name="a"', '', '1')],
    ['no boundary at all', lines('hello')],
    ['a head without end', lines('--b', 'Content-Disposition: form-data; name="a"', '--b--')],
    [
      'two dispositions',
      lines(
        '--b',
        'Content-Disposition: form-data; name="a"',
        'Content-Disposition: form-data; name="b"',
        '',
        '1',
        '--b--',
      ),
    ],
    ['bare line feeds', Buffer.from('--b\nContent-Disposition: form-data; name="a"\n\n1\n--b--\n')],
  ])('does not read a body with %s', (_, body) => {
    expect(readMultipart('b', body)).toBeUndefined()
  })

  it('takes a name given twice in one disposition for none', () => {
    const body = lines(
      '--b',
      'Content-Disposition: form-data; name="a"; name="b"',
      '',
      '1',
      '--b--',
    )
    expect(readMultipart('b', body)?.map(({ name }) => name)).toEqual([undefined])
  })

  it('skips preamble and epilogue', () => {
    const body = lines('preamble', '--b', '', 'no head', '--b--', 'epilogue')
    const parts = readMultipart('b', body)!
    expect(parts.map(({ name, content }) => [name, Buffer.from(content).toString()])).toEqual([
      [undefined, 'no head'],
    ])
  })

  it('reads back what was written', () => {
    const name = fc.string().filter((text) => !/[\r\n"\\]/.test(text))
    const value = fc.string({ unit: 'binary' }).filter((text) => !text.includes('--b0'))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (fields) => {
        const body = writeMultipart(
          'b0undary',
          fields.map(([key, text]) => fieldPart(key, text)),
        )
        const parts = readMultipart('b0undary', body)!
        const read = parts.map(({ name: key, content }) => [key, Buffer.from(content).toString()])
        expect(read).toEqual(fields.map(([key, text]) => [key, Buffer.from(text).toString()]))
      }),
    )
  })
})
