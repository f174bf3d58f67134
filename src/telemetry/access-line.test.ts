import { describe, expect, it } from 'vitest'
import { accessLineFormat, escapeValue, requestPieces } from './access-line.ts'

describe('accessLineFormat()', () => {
  it('writes combined form with the request id', () => {
    const format = accessLineFormat()
    const line = format(
      requestPieces({
        clientIp: '10.0.0.1',
        user: undefined,
        requestLine: 'GET /a?b HTTP/1.1',
        referer: undefined,
        userAgent: 'curl "8"',
      }),
      { status: 200, bodyBytes: 5, requestId: 'ab12' },
      new Date(2026, 10, 4, 9, 5, 3).getTime(),
    )
    expect(line).toMatch(
      /^10\.0\.0\.1 - - \[04\/Nov\/2026:09:05:03 [+-]\d{4}\] "GET \/a\?b HTTP\/1\.1" 200 5 "-" "curl \\x228\\x22" kong_request_id: "ab12"\n$/,
    )
  })
})

describe('escapeValue()', () => {
  it.each([
    ['plain', 'plain'],
    ['a\r\nb', String.raw`a\x0D\x0Ab`],
    ['é', String.raw`\xC3\xA9`],
    ['\\', String.raw`\x5C`],
  ])('writes %j as %s', (value, written) => {
    expect(escapeValue(value)).toBe(written)
  })
})
