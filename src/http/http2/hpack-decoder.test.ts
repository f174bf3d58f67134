import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HpackDecoder } from './hpack-decoder.ts'

/** @returns fields as `name: value`; nothing for a block that cannot be read */
function read(decoder: HpackDecoder, bytes: Buffer): readonly string[] | undefined {
  const fields: string[] = []
  const isRead = decoder.decode(bytes, 0, bytes.length, {
    takeField: ({ name, value }) => void fields.push(`${name}: ${value}`),
  })
  return isRead ? fields : undefined
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const GET = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com']
const AGAIN = [...GET, 'cache-control: no-cache']
const OTHER = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
]
const DATE = 'date: Mon, 21 Oct 2013 20:13:21 GMT'
const LOCATION = 'location: https://www.example.com'
const COOKIE = 'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'

/** Blocks of one connection after the other. @see RFC 7541 appendix C */
const EXAMPLES: readonly (readonly [string, readonly (readonly [string, readonly string[]])[]])[] =
  [
    [
      'C.2.1',
      [
        [
          '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
          ['custom-key: custom-header'],
        ],
      ],
    ],
    ['C.2.2', [['040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path']]]],
    ['C.2.3', [['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret']]]],
    ['C.2.4', [['82', [':method: GET']]]],
    [
      'C.3',
      [
        ['8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d', GET],
        ['8286 84be 5808 6e6f 2d63 6163 6865', AGAIN],
        ['8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65', OTHER],
      ],
    ],
    [
      'C.4',
      [
        ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', GET],
        ['8286 84be 5886 a8eb 1064 9cbf', AGAIN],
        ['8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf', OTHER],
      ],
    ],
    [
      'C.6, with its table of 256 bytes',
      [
        [
          '3fe1 01 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e' +
            '919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
          [':status: 302', 'cache-control: private', DATE, LOCATION],
        ],
        ['4883 640e ffc1 c0bf', [':status: 307', 'cache-control: private', DATE, LOCATION]],
        [
          '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d' +
            'd7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106' +
            '3d50 07',
          [
            ':status: 200',
            'cache-control: private',
            DATE.replace(':21 GMT', ':22 GMT'),
            LOCATION,
            'content-encoding: gzip',
            COOKIE,
          ],
        ],
      ],
    ],
  ]

describe('HpackDecoder', () => {
  it.each(EXAMPLES)('reads the examples of RFC 7541: %s', (_, blocks) => {
    const decoder = new HpackDecoder()
    for (const [block, fields] of blocks) expect(read(decoder, hex(block))).toEqual(fields)
  })

  it.each([
    ['number 0', '80'],
    ['a number of the table where nothing stands', 'be'],
    ['a name by such a number', '7f 00 01 61'],
    ['a text longer than the block', '00 05 6162'],
    ['a name without a value', '00 01 61'],
    ['a number without its end', 'ff ff ff'],
    ['a number beyond 31 bits', 'ff ff ff ff ff 7f'],
    ['a number of many bytes that says little', 'ff 80 80 80 80 80 80 00'],
    ['padding of zeros', '00 01 61 82 1e 00'],
    ['padding of a byte and more', '00 01 61 82 1f ff'],
    ['the sign for the end in a text', '00 01 61 84 ff ff ff ff'],
    ['a table larger than was agreed on', '3f e2 1f'],
    ['a change of the table after a field', '82 20'],
  ])('refuses %s', (_, block) => {
    expect(read(new HpackDecoder(), hex(block))).toBeUndefined()
  })

  it('takes a table of the size that was agreed on, and a smaller one', () => {
    const decoder = new HpackDecoder()
    expect(read(decoder, hex('3f e1 1f 40 01 61 01 62 be'))).toEqual(['a: b', 'a: b'])
    expect(read(decoder, hex('20 3f e1 1f be'))).toBeUndefined()
  })

  it('forgets the oldest entry for a newer one, and all for one that is too large', () => {
    const decoder = new HpackDecoder()
    // Of 34 bytes each: one has room.
    read(decoder, hex('3f 03 40 01 61 01 62 40 01 63 01 64'))
    expect(read(decoder, hex('be'))).toEqual(['c: d'])
    expect(read(decoder, hex('bf'))).toBeUndefined()
    expect(read(decoder, hex('40 01 65 02 6666'))).toEqual(['e: ff'])
    expect(read(decoder, hex('be'))).toBeUndefined()
  })

  it('keeps entries in order through thousands of them', () => {
    const decoder = new HpackDecoder()
    for (let index = 0; index < 5000; index += 1)
      read(decoder, Buffer.from(`\x40\x04${1000 + index}\x01v`, 'latin1'))
    // 4096 bytes hold 110 entries of 37.
    expect(read(decoder, Buffer.of(0xbe))).toEqual(['5999: v'])
    expect(read(decoder, Buffer.of(0xbe + 64 - 1))).toEqual(['5936: v'])
    expect(read(decoder, Buffer.from([0xff, 62 + 109 - 127]))).toEqual(['5890: v'])
    expect(read(decoder, Buffer.from([0xff, 62 + 110 - 127]))).toBeUndefined()
  })

  it('counts what changes its table, and nothing else', () => {
    const decoder = new HpackDecoder()
    read(decoder, hex('82 00 01 61 01 62 10 01 61 01 62'))
    expect(decoder.version).toBe(0)
    read(decoder, hex('40 01 61 01 62'))
    expect(decoder.version).toBe(1)
  })

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder()
        for (const block of blocks) read(decoder, Buffer.from(block))
      }),
      { numRuns: 500 },
    )
  })
})

describe('a block that is taken again without being read', () => {
  const literal = (name: string, value: string) =>
    Buffer.from(
      `\x40${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`,
    )

  it('leaves the table as reading it would', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 200 }))),
        (rounds) => {
          const lazy = new HpackDecoder()
          const eager = new HpackDecoder()
          for (const [kind, times] of rounds) {
            const block = Buffer.concat([
              literal('a', `${kind}`),
              literal('b'.repeat(kind * 40 + 1), 'c'),
            ])
            expect(read(lazy, block)).toEqual(read(eager, block))
            const { added } = lazy
            expect(added?.length).toBe(2)
            for (let time = 0; time < times; time += 1) {
              lazy.repeat(added!)
              read(eager, block)
            }
            // All entries that there may be, the newest first.
            for (let number = 62; number < 200; number += 1) {
              const entry = Buffer.from(number < 127 ? [128 | number] : [255, number - 127])
              expect(read(lazy, entry)).toEqual(read(eager, entry))
            }
          }
        },
      ),
      { numRuns: 20 },
    )
  })

  it('is none that has asked the table, or changed its size', () => {
    const decoder = new HpackDecoder()
    read(decoder, literal('a', '1'))
    expect(decoder.added).toHaveLength(1)
    read(decoder, Buffer.from([0x88]))
    expect(decoder.added).toEqual([])
    read(decoder, Buffer.from([0xbe]))
    expect(decoder.added).toBeUndefined()
    read(decoder, Buffer.from([0x20]))
    expect(decoder.added).toBeUndefined()
  })
})
