import { describe, expect, it } from 'vitest'
import { readProxyHeader } from './proxy-protocol.ts'

const V2 = '0d0a0d0a000d0a515549540a'
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('readProxyHeader', () => {
  it.each([
    ['PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n', { ip: '192.168.0.1', port: 56_324 }],
    ['PROXY TCP6 2001:db8::1 ::1 1 2\r\n', { ip: '2001:db8::1', port: 1 }],
    ['PROXY UNKNOWN\r\n', undefined],
    ['PROXY UNKNOWN ffff::1 ::1 65535 65535\r\n', undefined],
  ])('reads version 1: %j', (header, client) => {
    const bytes = Buffer.from(`${header}GET / HTTP/1.1\r\n`)
    expect(readProxyHeader(bytes)).toEqual({ length: header.length, client })
  })

  it.each([
    ['IPv4', `${V2} 21 11 000c 7f000001 0a000001 d431 01bb`, { ip: '127.0.0.1', port: 54_321 }],
    [
      'IPv6 with an extension',
      `${V2} 21 21 0027 20010db8000000000000000000000001 ${'00'.repeat(15)}01 0050 01bb 040000`,
      { ip: '2001:db8::1', port: 80 },
    ],
    ['a health check', `${V2} 20 00 0000`, undefined],
    ['a unix socket', `${V2} 21 31 0000`, undefined],
  ])('reads version 2: %s', (_, header, client) => {
    const bytes = hex(header)
    expect(readProxyHeader(Buffer.concat([bytes, Buffer.from('GET')]))).toEqual({
      length: bytes.length,
      client,
    })
    for (let length = 0; length < bytes.length; length += 1)
      expect(readProxyHeader(bytes.subarray(0, length))).toBe('incomplete')
  })

  it.each([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n')],
    ['addresses of another family', Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n')],
    ['a port that is none', Buffer.from('PROXY TCP4 1.1.1.1 1.1.1.2 70000 1\r\n')],
    ['a port with a leading zero', Buffer.from('PROXY TCP4 1.1.1.1 1.1.1.2 080 1\r\n')],
    ['two spaces', Buffer.from('PROXY  TCP4 1.1.1.1 1.1.1.2 80 1\r\n')],
    ['a line without end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(200)}`)],
    ['a broken signature', hex('0d0a0d0b')],
    ['another version', hex(`${V2} 31 11 000c 7f000001 0a000001 d431 01bb`)],
    ['an unknown command', hex(`${V2} 22 11 000c 7f000001 0a000001 d431 01bb`)],
    ['too few bytes for its addresses', hex(`${V2} 21 11 0004 7f000001`)],
    ['more bytes than any header has', hex(`${V2} 21 11 ffff`)],
  ])('refuses %s', (_, bytes) => {
    expect(readProxyHeader(bytes)).toBe('malformed')
  })
})
