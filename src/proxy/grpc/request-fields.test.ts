import { describe, expect, it } from 'vitest'
import { http2RequestFields } from './request-fields.ts'

describe('http2RequestFields', () => {
  it('has what is asked, and nothing about a connection of HTTP/1.1', () => {
    const text =
      'POST /a.B/C?d=1 HTTP/1.1\r\nHost: up:1\r\nConnection: keep-alive\r\nTE: gzip\r\n' +
      'HTTP2-Settings: AAM\r\nUpgrade: h2c\r\nKeep-Alive: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\n'
    expect({ ...http2RequestFields(text, 'http') }).toEqual({
      ':method': 'POST',
      ':scheme': 'http',
      ':path': '/a.B/C?d=1',
      ':authority': 'up:1',
      'x-a': ['1', '2'],
      te: 'trailers',
    })
  })
})
