import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readClientHello } from './client-hello.ts'

const vector = (lengthBytes: 1 | 2, content: Buffer): Buffer => {
  const length = Buffer.alloc(lengthBytes)
  length.writeUIntBE(content.length, 0, lengthBytes)
  return Buffer.concat([length, content])
}

const extension = (type: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, content)])

const hostName = (name: string, type = 0): Buffer =>
  Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(name, 'latin1'))])

const nameList = (...names: readonly Buffer[]): Buffer =>
  extension(0, vector(2, Buffer.concat(names)))

function message(
  extensions: readonly Buffer[] | undefined,
  sessionId: Buffer = Buffer.alloc(32, 7),
): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 1),
    vector(1, sessionId),
    vector(2, Buffer.from([0x13, 0x01])),
    vector(1, Buffer.from([0])),
    ...(extensions === undefined ? [] : [vector(2, Buffer.concat(extensions))]),
  ])
  return Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body])
}

function records(content: Buffer, sizes: readonly number[] = []): Buffer {
  const parts: Buffer[] = []
  let rest = content
  for (const size of [...sizes, content.length]) {
    if (rest.length === 0) break
    const part = rest.subarray(0, size)
    rest = rest.subarray(size)
    parts.push(Buffer.from([22, 3, 1]), vector(2, part))
  }
  return Buffer.concat(parts)
}

const ALPN = extension(16, vector(2, vector(1, Buffer.from('h2'))))
const HELLO = records(
  message([ALPN, nameList(hostName('Db.Example')), extension(21, Buffer.alloc(9))]),
)

describe('readClientHello()', () => {
  it.each([
    ['a name among other extensions', HELLO, 'db.example'],
    ['a name with a trailing dot', records(message([nameList(hostName('a.b.'))])), 'a.b'],
    ['no such extension', records(message([ALPN])), undefined],
    ['no extensions', records(message(undefined)), undefined],
    ['a name of another type alone', records(message([nameList(hostName('x', 9))])), undefined],
  ])('reads %s', (_, bytes, serverName) => {
    expect(readClientHello(bytes)).toEqual({ serverName })
  })

  it('reads what follows the message as no part of it', () => {
    expect(readClientHello(Buffer.concat([HELLO, Buffer.from('junk')]))).toEqual({
      serverName: 'db.example',
    })
  })

  it.each([
    ['http', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['another major version', Buffer.from([22, 2, 0, 0, 5])],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
    ['a record longer than records may be', Buffer.from([22, 3, 1, 0x40, 1])],
    ['another handshake message', records(Buffer.from([2, 0, 0, 1, 0]))],
    ['a message longer than any', records(Buffer.from([1, 1, 0, 0, 0]))],
    ['a session id longer than any', records(message([], Buffer.alloc(33)))],
    ['two host names', records(message([nameList(hostName('a'), hostName('b'))]))],
    ['two lists of names', records(message([nameList(hostName('a')), nameList(hostName('a'))]))],
    ['a name with a zero byte', records(message([nameList(hostName('a\0b'))]))],
    ['a name with a line break', records(message([nameList(hostName('a\nb'))]))],
    ['an empty name', records(message([nameList(hostName(''))]))],
    ['a name without end', records(message([extension(0, Buffer.from([0, 9, 0, 0, 9, 97]))]))],
    ['bytes after the extensions', records(withTail(message([ALPN])))],
  ])('refuses %s', (_, bytes) => {
    expect(readClientHello(bytes)).toBe('malformed')
  })

  it('waits for more at every byte, however the message is cut into records', () => {
    const content = message([ALPN, nameList(hostName('db.example'))])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }), (sizes) => {
        const bytes = records(content, sizes)
        for (let length = 0; length < bytes.length; length += 1)
          expect(readClientHello(bytes.subarray(0, length))).toBe('incomplete')
        expect(readClientHello(bytes)).toEqual({ serverName: 'db.example' })
      }),
      { numRuns: 50 },
    )
  })

  it('ends for any bytes with one of its answers', () => {
    const change = fc.tuple(fc.nat(HELLO.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(HELLO)
        for (const [at, value] of changes) bytes[at] = value
        const read = readClientHello(bytes)
        if (typeof read === 'string') expect(['incomplete', 'malformed']).toContain(read)
        else expect(read.serverName ?? 'a').toMatch(/^[a-z0-9_.-]+$/)
      }),
      { numRuns: 2000 },
    )
  })
})

/** One more byte in the message, and its length told so. */
function withTail(content: Buffer): Buffer {
  const longer = Buffer.concat([content, Buffer.from([0])])
  longer.writeUIntBE(longer.length - 4, 1, 3)
  return longer
}
