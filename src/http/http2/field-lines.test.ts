import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockBound, responseLines, writeStatus } from './field-lines.ts'
import { HpackDecoder } from './hpack-decoder.ts'

/** What a client reads of lines. */
function readBack(lines: string): readonly (readonly [string, string])[] {
  const out = Buffer.alloc(blockBound(lines.length))
  const end = responseLines.write(Buffer.from(lines, 'latin1'), 0, lines.length, out, 0)
  return decoded(out, end)
}

function decoded(bytes: Buffer, end: number): readonly (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = []
  const isRead = new HpackDecoder().decode(bytes, 0, end, {
    takeField: ({ name, value }) => void fields.push([name, value]),
  })
  expect(isRead).toBe(true)
  return fields
}

describe('responseLines', () => {
  it('has lower-case names, repeated fields in order, and nothing about connections', () => {
    const lines =
      'Date: x\r\nSet-Cookie: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n' +
      'TE: gzip\r\nHTTP2-Settings: AAM\r\nSec-WebSocket-Accept: k\r\nUpgrade: x\r\n' +
      'Set-Cookie: b\r\nX-Empty: \r\nX-Tight:1\r\nX-Wide: \t 2 \t\r\n\r\nbody: no\r\n'
    expect(readBack(lines)).toEqual([
      ['date', 'x'],
      ['set-cookie', 'a'],
      ['set-cookie', 'b'],
      ['x-empty', ''],
      ['x-tight', '1'],
      ['x-wide', '2'],
    ])
  })

  it('has nobody keep cookies', () => {
    const out = Buffer.alloc(100)
    responseLines.write(Buffer.from('Set-Cookie: a\r\n'), 0, 15, out, 0)
    expect(out[0]! & 0xf0).toBe(0x10)
  })

  it('leaves out lines that are no fields', () => {
    expect(readBack('no colon\r\n: no name\r\nodd(name): x\r\nx: y\r\n')).toEqual([['x', 'y']])
  })

  it('writes names and values of any length', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,300}$/)
    const value = fc.string({ unit: fc.constantFrom('a', 'ÿ', ';', '"'), maxLength: 20_000 })
    const before = new Set(['te', 'connection', 'upgrade', 'keep-alive'])
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (fields) => {
        const kept = fields.filter(([each]) => !before.has(each))
        const lines = kept.map(([each, text]) => `${each}: ${text}\r\n`).join('')
        expect(readBack(lines)).toEqual(kept)
      }),
    )
  })
})

describe('writeStatus', () => {
  it.each([100, 200, 204, 206, 299, 304, 400, 404, 418, 500, 599])('writes %i', (status) => {
    const out = Buffer.alloc(8)
    expect(decoded(out, writeStatus(status, out, 0))).toEqual([[':status', String(status)]])
  })
})
