import { describe, expect, it } from 'vitest'
import { Http2Field } from './http2-field.ts'
import { ResponseFields, TrailerLines } from './response-fields.ts'

type Pair = readonly [name: string, value: string]

function read(fields: readonly Pair[], limitBytes = 1000): string {
  const reader = new ResponseFields()
  reader.begin(limitBytes)
  for (const [name, value] of fields) reader.takeField(new Http2Field(name, value))
  const verdict = reader.end()
  return verdict === 'whole' ? reader.text : verdict
}

const OK: Pair = [':status', '200']

describe('ResponseFields', () => {
  it('writes a head of HTTP/1.1', () => {
    expect(read([OK, ['content-type', 'text/plain'], ['content-length', '2']])).toBe(
      'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n',
    )
    expect(read([OK, ['set-cookie', 'a'], ['set-cookie', 'b'], ['x-empty', '']])).toBe(
      'HTTP/1.1 200 OK\r\nset-cookie: a\r\nset-cookie: b\r\nx-empty: \r\n\r\n',
    )
  })

  it('leaves out what is about a connection, or frames messages of HTTP/1', () => {
    const dropped: readonly Pair[] = [
      ['connection', 'x-a'],
      ['keep-alive', 'timeout=5'],
      ['transfer-encoding', 'chunked'],
      ['upgrade', 'h2c'],
      ['proxy-connection', 'close'],
    ]
    expect(read([OK, ...dropped, ['x-a', '1']])).toBe('HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\n')
  })

  it.each<[string, readonly Pair[]]>([
    ['no status', [['x-a', '1']]],
    ['two of them', [OK, OK]],
    ['one behind other fields', [['x-a', '1'], OK]],
    ['one of two digits', [[':status', '20']]],
    ['one that begins with 0', [[':status', '099']]],
    ['one with a reason', [[':status', '200 OK']]],
    ['a pseudo-field of requests', [OK, [':path', '/']]],
    ['a name in capitals', [OK, ['X-A', '1']]],
    ['a name with a space', [OK, ['x a', '1']]],
    ['a name with a colon', [OK, ['x:a', '1']]],
    ['no name', [OK, ['', '1']]],
    ['a value that ends its line', [OK, ['x-a', '1\r\nset-cookie: stolen']]],
    ['a bare LF', [OK, ['x-a', '1\n2']]],
    ['a bare CR', [OK, ['x-a', '1\r2']]],
    ['NUL', [OK, ['x-a', '1\0']]],
    ['a space before a value', [OK, ['x-a', ' 1']]],
    ['a tab behind one', [OK, ['x-a', '1\t']]],
    ['two lengths', [OK, ['content-length', '1'], ['content-length', '1']]],
    ['a length with a sign', [OK, ['content-length', '+1']]],
    ['a list of lengths', [OK, ['content-length', '1, 1']]],
  ])('refuses %s', (_, fields) => {
    expect(read(fields)).toBe('malformed')
  })

  it('counts what names and values come to', () => {
    // Each field is its name, its value and four bytes of line.
    expect(read([OK, ['x-a', '1']], 22)).toContain('x-a: 1')
    expect(read([OK, ['x-a', '1']], 21)).toBe('too-large')
  })
})

describe('TrailerLines', () => {
  const lines = (fields: readonly Pair[], limitBytes = 1000): string | undefined => {
    const taker = new TrailerLines(limitBytes)
    for (const [name, value] of fields) taker.takeField(new Http2Field(name, value))
    return taker.isMalformed ? undefined : taker.text
  }

  it('writes lines', () => {
    expect(
      lines([
        ['grpc-status', '0'],
        ['x-a', '1'],
      ]),
    ).toBe('grpc-status: 0\r\nx-a: 1\r\n')
  })

  it('refuses a status, what ends a line, and too much', () => {
    expect(lines([OK])).toBeUndefined()
    expect(lines([['x-a', '1\r\nx-b: 2']])).toBeUndefined()
    expect(lines([['x-a', '1']], 5)).toBeUndefined()
  })
})
