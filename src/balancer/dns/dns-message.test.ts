import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeResponse, encodeQuery } from './dns-message.ts'
import type { DnsQuestion } from './dns-message.ts'

const QUESTION: DnsQuestion = { id: 0x1234, name: 'www.example.com', type: 'A' }

/** The question as a server sends it back: flags of a response, counts, and then this. */
function response(
  answers: string,
  { flags = '8180', count = 1, question = QUESTION } = {},
): Buffer {
  const query = encodeQuery(question)!
  query.write(flags, 2, 'hex')
  query.writeUInt16BE(count, 6)
  return Buffer.concat([query, Buffer.from(answers.replaceAll(' ', ''), 'hex')])
}

describe('encodeQuery()', () => {
  it('writes header, labels, type and class', () => {
    expect(encodeQuery({ id: 1, name: 'a.bc', type: 'SRV' })!.toString('hex')).toBe(
      '00010100000100000000000001610262630000210001',
    )
  })

  it.each([
    ['a..b'],
    ['.'],
    [''],
    ['a b'],
    ['x'.repeat(64)],
    [`${'abcdefg.'.repeat(32)}x`],
    ['ü.de'],
  ])('has no query for "%s"', (name) => {
    expect(encodeQuery({ id: 1, name, type: 'A' })).toBeUndefined()
  })
})

describe('decodeResponse()', () => {
  it('reads addresses, through compressed names', () => {
    const message = response('c00c 0001 0001 0000003c 0004 0a000001')
    expect(decodeResponse(message, QUESTION)).toEqual({
      responseCode: 0,
      isTruncated: false,
      answers: [{ type: 'A', name: 'www.example.com', ttlSeconds: 60, ip: '10.0.0.1' }],
    })
  })

  it.each([
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000010000000000000000', '2001:db8:0:1::'],
    ['00010002000300040005000600070008', '1:2:3:4:5:6:7:8'],
    ['10000000000000000000000000000010', '1000::10'],
  ])('writes the IPv6 address %s as %s', (hex, text) => {
    const question: DnsQuestion = { ...QUESTION, type: 'AAAA' }
    const message = response(`c00c 001c 0001 0000003c 0010 ${hex}`, { question })
    expect(decodeResponse(message, question)!.answers).toMatchObject([{ ip: text }])
  })

  it('reads aliases and services, and leaves other records out', () => {
    const message = response(
      'c00c 0005 0001 00000001 0004 016bc010' +
        'c00c 0021 0001 00000002 000a 0001 0002 1f90 0161c010' +
        'c00c 0010 0001 00000002 0002 0141',
      { count: 3 },
    )
    expect(decodeResponse(message, QUESTION)!.answers).toEqual([
      { type: 'CNAME', name: 'www.example.com', ttlSeconds: 1, target: 'k.example.com' },
      {
        type: 'SRV',
        name: 'www.example.com',
        ttlSeconds: 2,
        priority: 1,
        weight: 2,
        port: 8080,
        target: 'a.example.com',
      },
    ])
  })

  it('tells what the server said, and that the answer did not fit', () => {
    expect(decodeResponse(response('', { flags: '8183', count: 0 }), QUESTION)).toMatchObject({
      responseCode: 3,
    })
    expect(decodeResponse(response('ff', { flags: '8380' }), QUESTION)).toMatchObject({
      isTruncated: true,
      answers: [],
    })
  })

  it('takes a TTL with the top bit set for 0', () => {
    const message = response('c00c 0001 0001 ffffffff 0004 0a000001')
    expect(decodeResponse(message, QUESTION)!.answers[0]!.ttlSeconds).toBe(0)
  })

  it('passes over what answers another question', () => {
    const message = response('c00c 0001 0001 0000003c 0004 0a000001')
    expect(decodeResponse(message, { ...QUESTION, id: 7 })).toBeUndefined()
    expect(decodeResponse(message, { ...QUESTION, type: 'AAAA' })).toBeUndefined()
    expect(decodeResponse(message, { ...QUESTION, name: 'evil.example.com' })).toBeUndefined()
    expect(decodeResponse(encodeQuery(QUESTION)!, QUESTION)).toBeUndefined()
  })

  it.each([
    ['a name that points at itself', 'c02c'],
    ['a name that points forward', 'c0ff'],
    ['a record that is cut off', 'c00c 0001 0001 0000003c 0004 0a00'],
  ])('refuses %s', (_, answers) => {
    expect(() => decodeResponse(response(answers), QUESTION)).toThrow(RangeError)
  })

  it('ends for every message: with records, without, or with a RangeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(4), (bytes, count) => {
        const message = response(Buffer.from(bytes).toString('hex'), { count })
        try {
          const answers = decodeResponse(message, QUESTION)!.answers
          expect(answers.length).toBeLessThanOrEqual(count)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})
