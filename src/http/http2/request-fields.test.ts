import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Http2Field } from './http2-field.ts'
import { RequestFields, TrailerCheck } from './request-fields.ts'

/** @param raw names and values in turn */
function read(raw: readonly string[], limitBytes = 10_000) {
  const fields = new RequestFields()
  fields.begin(limitBytes)
  for (let index = 0; index < raw.length; index += 2)
    fields.takeField(new Http2Field(raw[index]!, raw[index + 1]!))
  return { verdict: fields.end(), text: fields.text, protocol: fields.protocol }
}

const START = [':method', 'GET', ':scheme', 'https', ':path', '/a?b', ':authority', 'h:1']
const TUNNEL = [':method', 'CONNECT', ':protocol', 'websocket']
const WISH = [...TUNNEL, ':scheme', 'https', ':path', '/a', ':authority', 'h']

describe('RequestFields', () => {
  it('write pseudo-fields as request line and Host, and keep order and names', () => {
    expect(read([...START, 'x-b', '1', 'x-a', '2', 'x-b', '3']).text).toBe(
      'GET /a?b HTTP/1.1\r\nHost: h:1\r\nx-b: 1\r\nx-a: 2\r\nx-b: 3\r\n\r\n',
    )
  })

  it('join cookie crumbs', () => {
    expect(read([...START, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2']).text).toContain(
      '\r\ncookie: a=1; b=2\r\n\r\n',
    )
  })

  it('take Host where there is no authority, and the same one beside it', () => {
    const withoutHost = [':method', 'GET', ':scheme', 'http', ':path', '/']
    expect(read([...withoutHost, 'host', 'h']).text).toBe('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    expect(read([...withoutHost, ':authority', 'h', 'host', 'h']).text).toContain('Host: h\r\n\r\n')
    expect(read(withoutHost).text).toBe('GET / HTTP/1.1\r\n\r\n')
  })

  it('write a wish for a tunnel as one for an upgrade, with a key of its own', () => {
    const written = read([...WISH, 'sec-websocket-version', '13'])
    expect(written.protocol).toBe('websocket')
    expect(written.text).toMatch(
      /^GET \/a HTTP\/1\.1\r\nHost: h\r\nsec-websocket-version: 13\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: \S{24}\r\n\r\n$/,
    )
    expect(read(WISH).text).not.toBe(read(WISH).text)
  })

  it.each([
    ['two hosts', [...START, 'host', 'other']],
    ['a repeated host', [...START.slice(0, 6), 'host', 'h', 'host', 'h']],
    ['CONNECT to a host', [':method', 'CONNECT', ':authority', 'h:1']],
  ])('refuse %s', (_, raw) => {
    expect(read(raw).verdict).toBe('refused')
  })

  it.each([
    ['no method', START.slice(2)],
    ['no scheme', [':method', 'GET', ':path', '/', ':authority', 'h']],
    ['no path', [':method', 'GET', ':scheme', 'http', ':authority', 'h']],
    ['an empty path', [...START.slice(0, 4), ':path', '']],
    ['a path in absolute form', [...START.slice(0, 4), ':path', 'http://other/']],
    ['a path that would end the line', [...START.slice(0, 4), ':path', '/ HTTP/1.1']],
    ['* with another method than OPTIONS', [...START.slice(0, 4), ':path', '*']],
    ['a method with a space', [':method', 'GET /', ...START.slice(2)]],
    ['an empty method', [':method', '', ...START.slice(2)]],
    ['a scheme that is none', [':method', 'GET', ':scheme', '1', ':path', '/']],
    ['an authority with a space', [...START.slice(0, 6), ':authority', 'a b']],
    ['a pseudo-field twice', [...START, ':path', '/']],
    ['a pseudo-field after others', [...START.slice(0, 6), 'x', 'y', ':authority', 'h']],
    ['a pseudo-field of responses', [...START, ':status', '200']],
    ['an unknown pseudo-field', [...START, ':other', 'x']],
    ['a protocol without CONNECT', [...START, ':protocol', 'websocket']],
    ['a tunnel without a path', [...WISH.slice(0, 6), ':authority', 'h']],
    ['CONNECT with a path and no protocol', [':method', 'CONNECT', ...START.slice(2)]],
    ['an upper-case name', [...START, 'X-A', '1']],
    ['an empty name', [...START, '', '1']],
    ['a name with a space', [...START, 'a b', '1']],
    ['a name with a colon', [...START, 'a:b', '1']],
    ['a line break in a value', [...START, 'x', 'a\r\nb: c']],
    ['a null in a value', [...START, 'x', 'a\0']],
    ['a control byte in a value', [...START, 'x', 'a\x01']],
    ['DEL in a value', [...START, 'x', 'a\x7f']],
    ['a value that begins with a space', [...START, 'x', ' a']],
    ['a value that ends with a tab', [...START, 'x', 'a\t']],
    ['Connection', [...START, 'connection', 'close']],
    ['Keep-Alive', [...START, 'keep-alive', '5']],
    ['Proxy-Connection', [...START, 'proxy-connection', 'close']],
    ['Transfer-Encoding', [...START, 'transfer-encoding', 'chunked']],
    ['Upgrade', [...START, 'upgrade', 'websocket']],
    ['TE of more than trailers', [...START, 'te', 'gzip']],
    ['a length that is none', [...START, 'content-length', '+1']],
    ['a repeated length', [...START, 'content-length', '1', 'content-length', '1']],
  ])('find malformed: %s', (_, raw) => {
    expect(read(raw).verdict).toBe('malformed')
  })

  it('take TE of trailers, in any case', () => {
    expect(read([...START, 'te', 'Trailers']).verdict).toBe('whole')
  })

  it.each([
    ['an empty value', ''],
    ['tabs and spaces within', 'a \t b'],
    ['bytes beyond ASCII', 'ä'],
  ])('take %s', (_, value) => {
    expect(read([...START, 'x', value]).verdict).toBe('whole')
  })

  it('take OPTIONS for the whole server', () => {
    expect(read([':method', 'OPTIONS', ':scheme', 'http', ':path', '*']).verdict).toBe('whole')
  })

  it('stop at a limit, however often a field is named', () => {
    const many = Array.from({ length: 100 }, () => ['x', 'y'.repeat(100)]).flat()
    expect(read([...START, ...many], 5000)).toMatchObject({ verdict: 'too-large', text: '' })
  })

  it('write one head, whose lines are the fields, whatever they hold', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ':', ' ', '\r', '\n', '\0', '/', 'Z', '\xff', '\t'),
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (pairs) => {
        const { verdict, text: head } = read([...START, ...pairs.flat()])
        if (verdict !== 'whole') return
        const lines = head.slice(0, -4).split('\r\n')
        expect(lines.slice(2)).toEqual(pairs.map(([name, value]) => `${name}: ${value}`))
        expect(head.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/)
      }),
      { numRuns: 300 },
    )
  })
})

describe('TrailerCheck', () => {
  it.each([
    ['x', 'y', false],
    [':path', '/', true],
    ['X', 'y', true],
    ['x', 'y\n', true],
    ['connection', 'close', true],
  ])('of %s: %j', (name, value, isMalformed) => {
    const check = new TrailerCheck()
    check.takeField(new Http2Field(name, value))
    expect(check.isMalformed).toBe(isMalformed)
  })
})
