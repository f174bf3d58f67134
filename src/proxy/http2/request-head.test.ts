import { describe, expect, it } from 'vitest'
import { requestText } from './request-head.ts'

const START = [':method', 'GET', ':scheme', 'https', ':path', '/a?b', ':authority', 'h:1']

describe('requestText', () => {
  it('writes pseudo-fields as request line and Host, and keeps order and names', () => {
    expect(requestText([...START, 'x-b', '1', 'x-a', '2', 'x-b', '3'])?.text).toBe(
      'GET /a?b HTTP/1.1\r\nHost: h:1\r\nx-b: 1\r\nx-a: 2\r\nx-b: 3\r\n\r\n',
    )
  })

  it('joins cookie crumbs', () => {
    expect(requestText([...START, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2'])?.text).toContain(
      'cookie: a=1; b=2\r\n',
    )
  })

  it('takes Host where there is no authority, and the same one beside it', () => {
    const withHost = [':method', 'GET', ':path', '/', 'host', 'h']
    expect(requestText(withHost)?.text).toBe('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    expect(requestText([...withHost, ':authority', 'h'])?.text).toContain('Host: h\r\n\r\n')
  })

  it('sees who waits for permission to send a body', () => {
    expect(requestText([...START, 'expect', '100-Continue'])?.awaitsContinue).toBe(true)
    expect(requestText(START)?.awaitsContinue).toBe(false)
  })

  it('writes a wish for a tunnel as one for an upgrade, with a key of its own', () => {
    const wish = [':method', 'CONNECT', ':protocol', 'websocket', ':path', '/a', ':authority', 'h']
    const written = requestText([...wish, 'sec-websocket-version', '13'])
    expect(written?.protocol).toBe('websocket')
    expect(written?.text).toMatch(
      /^GET \/a HTTP\/1\.1\r\nHost: h\r\nsec-websocket-version: 13\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: \S{24}\r\n\r\n$/,
    )
    expect(requestText([...wish])?.text).not.toBe(requestText([...wish])?.text)
  })

  it.each([
    ['a protocol without CONNECT', [...START, ':protocol', 'websocket']],
    ['CONNECT without a path', [':method', 'CONNECT', ':authority', 'h:1']],
    ['no path', [':method', 'GET', ':authority', 'h']],
    ['no method', [':path', '/', ':authority', 'h']],
    ['two hosts', [...START, 'host', 'other']],
    ['a repeated host', [':method', 'GET', ':path', '/', 'host', 'h', 'host', 'h']],
    ['a line break in a value', [...START, 'x', 'a\r\nb: c']],
    ['a null in a value', [...START, 'x', 'a\0']],
  ])('refuses %s', (_, raw) => {
    expect(requestText(raw)).toBeUndefined()
  })
})
