import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readByWords } from '../http/byte-words.ts'
import { RequestHead } from '../http/request-head.ts'
import { RepeatedHead } from './repeated-head.ts'

const LIMITS = { lineBytes: 2048, headBytes: 4096 }

const read = Buffer.alloc(8192)
readByWords(read)
afterAll(() => readByWords(Buffer.alloc(0)))

/** What a connection makes of the bytes of a head, and whether it had to read them. */
function receive(heads: RepeatedHead, text: string, start = 0) {
  read.fill(0x2e)
  read.latin1Write(text, start)
  const end = start + text.length
  const known = heads.match(read, start, end, LIMITS)
  if (known !== undefined) return { told: tellOf(known), wasRead: false }
  const head = new RequestHead()
  const after = head.read(read, start, end, LIMITS)
  if (after >= 0) heads.remember(head)
  return { told: after < 0 ? after : tellOf(head), wasRead: true }
}

/** What reading the bytes says. */
function freshly(text: string) {
  const head = new RequestHead()
  const bytes = Buffer.from(text, 'latin1')
  const after = head.read(bytes, 0, bytes.length, LIMITS)
  return after < 0 ? after : tellOf(head)
}

function tellOf(head: RequestHead) {
  const { fields, method, target, pathEnd, isPlainPath, minorVersion } = head
  const entries = Array.from({ length: fields.count }, (_, index) => [
    fields.ids[index],
    fields.nameAt(index),
    fields.valueAt(index),
    fields.lineEnd(index),
  ])
  const { text, present, repeated } = fields
  return { method, target, pathEnd, isPlainPath, minorVersion, text, present, repeated, entries }
}

const withToken = (token: string): string =>
  `GET /api HTTP/1.1\r\nHost: example.org\r\nAuthorization: Bearer ${token}\r\nAccept: */*\r\n\r\n`

const value = fc.string({
  unit: fc.constantFrom(...Array.from('ab.: \t\u00e9')),
  maxLength: 6,
})
const line = fc.oneof(
  fc
    .tuple(fc.constantFrom('Authorization', 'authorization'), value)
    .map(([n, v]) => `${n}: Bearer ${v}`),
  fc
    .tuple(fc.constantFrom('Accept', 'Host', 'X-A', 'Content-Length'), value)
    .map(([n, v]) => `${n}: ${v}`),
  fc.constantFrom(
    'Authorization: Basic YTpi',
    'Authorization:Bearer  x',
    'X-B: Authorization: Bearer y',
    'bare',
  ),
)
const head = fc
  .tuple(fc.constantFrom('GET /', 'POST /a?b', 'GET /a//b'), fc.array(line, { maxLength: 4 }))
  .map(([start, lines]) => `${[`${start} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`)

describe('heads of a connection', () => {
  it('say what reading them says, in whatever order they repeat', () => {
    fc.assert(
      fc.property(
        fc.array(head, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(2), value, fc.nat(5)), { minLength: 3, maxLength: 20 }),
        (heads, turns) => {
          const connection = new RepeatedHead()
          for (const [index, token, start] of turns) {
            const text = heads[index % heads.length]!.replace(/Bearer [^\r]*/, `Bearer ${token}`)
            expect(receive(connection, text, start).told).toEqual(freshly(text))
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('are not read the third time', () => {
    const connection = new RepeatedHead()
    expect(receive(connection, withToken('a')).wasRead).toBe(true)
    expect(receive(connection, withToken('a')).wasRead).toBe(true)
    expect(receive(connection, withToken('a')).wasRead).toBe(false)
  })

  it('are not read the third time when only their tokens differ', () => {
    const connection = new RepeatedHead()
    for (const token of ['first', 'second']) receive(connection, withToken(token))
    for (const token of ['a longer one', 's', 'a longer one', 'x.y.z'])
      expect(receive(connection, withToken(token))).toEqual({
        told: freshly(withToken(token)),
        wasRead: false,
      })
  })

  it.each([
    ['another path', withToken('x').replace('/api', '/apj')],
    ['another field behind the token', withToken('x').replace('*/*', '*/1')],
    ['a field more behind the token', withToken('x\r\nX-Role: admin')],
    ['another scheme', withToken('x').replace('Bearer', 'Digest')],
    ['no token', withToken('')],
    ['white space before the token', withToken(' x')],
    ['white space behind the token', withToken('x ')],
    ['a line feed alone in the token', withToken('x\nX-Role: admin')],
    ['a token longer than a line may be', withToken('x'.repeat(2048))],
  ])('are read anew with %s', (_, text) => {
    const connection = new RepeatedHead()
    for (const token of ['first', 'second']) receive(connection, withToken(token))
    expect(receive(connection, text)).toEqual({ told: freshly(text), wasRead: true })
  })

  it.each([
    ['the same', ['a', 'a', 'a']],
    ['those that differ in their tokens', ['a', 'b', 'c']],
  ])('are read anew once settings have changed: %s', (_, tokens) => {
    const connection = new RepeatedHead()
    for (const token of tokens) receive(connection, withToken(token))
    const text = withToken(tokens[0]!)
    read.latin1Write(text)
    expect(connection.match(read, 0, text.length, LIMITS)).toBeDefined()
    expect(connection.match(read, 0, text.length, { ...LIMITS })).toBeUndefined()
  })

  it('wait for the rest of one whose token has begun', () => {
    const connection = new RepeatedHead()
    for (const token of ['first', 'second']) receive(connection, withToken(token))
    const text = withToken('third')
    for (let length = 1; length < text.length; length += 1) {
      read.latin1Write(text)
      expect(connection.match(read, 0, length, LIMITS)).toBeUndefined()
      for (const token of ['first', 'second']) receive(connection, withToken(token))
    }
  })
})
