import { describe, expect, it } from 'vitest'
import { trailerFields } from './trailer-fields.ts'

describe('trailerFields', () => {
  it('reads names and values in order, repeated ones too', () => {
    expect(trailerFields('Digest: a=1 \r\nX-A:  b\r\nX-A:\r\n')).toEqual([
      ['Digest', 'a=1'],
      ['X-A', 'b'],
      ['X-A', ''],
    ])
    expect(trailerFields('')).toEqual([])
  })

  it.each([
    'Content-Length: 5',
    'transfer-encoding: chunked',
    'Set-Cookie: a=b',
    'Host: other',
    'Trailer: x',
    'a name: x',
    'nothing',
    ': x',
    ' X-Folded: x',
    'X: a\0b',
    'X: a\rb',
    'X: a\u0001b',
    'X: a\u007Fb',
  ])('leaves out %j', (line) => {
    expect(trailerFields(`${line}\r\nX-Last: 1\r\n`)).toEqual([['X-Last', '1']])
  })
})
