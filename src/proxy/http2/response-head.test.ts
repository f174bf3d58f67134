import { describe, expect, it } from 'vitest'
import { http2ResponseHead } from './response-head.ts'

describe('http2ResponseHead', () => {
  it('has lower-case names, repeated fields in order, and nothing about connections', () => {
    const text =
      'HTTP/1.1 200 OK\r\nDate: x\r\nSet-Cookie: a\r\nConnection: keep-alive\r\n' +
      'Transfer-Encoding: chunked\r\nSet-Cookie: b\r\nX-Empty: \r\n\r\n'
    expect({ ...http2ResponseHead(text) }).toEqual({
      ':status': 200,
      date: 'x',
      'set-cookie': ['a', 'b'],
      'x-empty': '',
    })
  })

  it('takes the prototype for a field like any other', () => {
    expect(http2ResponseHead('HTTP/1.1 404 \r\n__proto__: x\r\n\r\n')['__proto__']).toBe('x')
  })

  it('has nothing that HTTP/2 refuses: fields about connections, statuses above 5xx', () => {
    const text = 'HTTP/1.1 999 Odd\r\nTE: gzip\r\nHTTP2-Settings: AAM\r\nX-Kept: 1\r\n\r\n'
    expect({ ...http2ResponseHead(text) }).toEqual({ ':status': 502, 'x-kept': '1' })
  })
})
