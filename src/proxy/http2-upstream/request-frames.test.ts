import { describe, expect, it } from 'vitest'
import { HpackDecoder } from '../../http/http2/hpack-decoder.ts'
import { KnownHeads, requestFrames, type RequestStart } from './request-frames.ts'

const HEAD =
  'POST /a.B/C?d=1 HTTP/1.1\r\nVia: 1.1 kong\r\nHost: up:1\r\nConnection: keep-alive\r\n' +
  'TE: gzip\r\nHTTP2-Settings: AAM\r\nUpgrade: h2c\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\n' +
  'Host: other\r\nX-A: 1\r\nx-a: 2\r\nAuthorization: Bearer t\r\n\r\n'

function start(text: string, more: Partial<RequestStart> = {}): RequestStart {
  return {
    stream: 5,
    text,
    headLength: text.length,
    endsStream: true,
    emptiesTable: false,
    scheme: 'http',
    takesTrailers: false,
    ...more,
  }
}

interface ReadFrame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

function read(frames: string): readonly ReadFrame[] {
  const bytes = Buffer.from(frames, 'latin1')
  const found: ReadFrame[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    const [type, flags] = [bytes[at + 3]!, bytes[at + 4]!]
    found.push({
      type,
      flags,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    })
    at = end
  }
  return found
}

function fieldsOf(frames: string): readonly string[] {
  const block = Buffer.concat(
    read(frames)
      .filter(({ type }) => type !== 0)
      .map(({ payload }) => payload),
  )
  const fields: string[] = []
  const isWhole = new HpackDecoder().decode(block, 0, block.length, {
    takeField: ({ name, value }) => void fields.push(`${name}: ${value}`),
  })
  expect(isWhole).toBe(true)
  return fields
}

describe('requestFrames', () => {
  it('says what is asked, and nothing about a connection of HTTP/1.1', () => {
    expect(fieldsOf(requestFrames(start(HEAD)))).toEqual([
      ':method: POST',
      ':scheme: http',
      ':path: /a.B/C?d=1',
      ':authority: up:1',
      'via: 1.1 kong',
      'x-a: 1',
      'x-a: 2',
      'authorization: Bearer t',
    ])
  })

  it.each(['GET', 'POST', 'OPTIONS', 'PURGE-ALL'])('knows the method %s', (method) => {
    const fields = fieldsOf(requestFrames(start(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)))
    expect(fields).toEqual([`:method: ${method}`, ':scheme: http', ':path: /', ':authority: a'])
  })

  it('asks for trailers where the head does, and where it is told to', () => {
    const asking = 'GET / HTTP/1.1\r\nTE: trailers\r\nHost: a\r\n\r\n'
    expect(fieldsOf(requestFrames(start(asking)))).toContain('te: trailers')
    const silent = 'GET / HTTP/1.1\r\nHost: a\r\nX-B: TE: trailers\r\n\r\n'
    expect(fieldsOf(requestFrames(start(silent)))).not.toContain('te: trailers')
    const told = requestFrames(start(silent, { takesTrailers: true }))
    expect(fieldsOf(told)).toContain('te: trailers')
  })

  it('keeps credentials out of all tables', () => {
    const [{ payload } = { payload: Buffer.alloc(0) }] = read(requestFrames(start(HEAD)))
    const value = payload.indexOf('Bearer t')
    // Literal, never indexed, name 23; then the length of the value.
    expect([...payload.subarray(value - 3, value)]).toEqual([0x1f, 23 - 15, 8])
  })

  it('ends the stream with the last frame', () => {
    const body = requestFrames(start(`${HEAD}hello`, { headLength: HEAD.length }))
    expect(read(body).map(({ type, flags, stream }) => [type, flags, stream])).toEqual([
      [1, 4, 5],
      [0, 1, 5],
    ])
    expect(read(body)[1]!.payload.toString()).toBe('hello')
    expect(read(requestFrames(start(HEAD)))[0]!.flags).toBe(5)
    expect(read(requestFrames(start(HEAD, { endsStream: false })))[0]!.flags).toBe(4)
  })

  it('goes on in CONTINUATIONs where a head is long', () => {
    const long = HEAD.replace('X-A: 1', `X-A: ${'1'.repeat(40_000)}`)
    const frames = requestFrames(start(long))
    expect(read(frames).map(({ type, flags }) => [type, flags])).toEqual([
      [1, 1],
      [9, 0],
      [9, 4],
    ])
    expect(fieldsOf(frames)).toContain(`x-a: ${'1'.repeat(40_000)}`)
  })
})

describe('KnownHeads', () => {
  const head = (id: string, more = '') =>
    `GET /a HTTP/1.1\r\nHost: a\r\nX-Kong-Request-Id: ${id}\r\nX-A: 1${more}\r\n\r\n`

  it('says of each head what the encoder says, whatever came before', () => {
    const heads = new KnownHeads()
    const asked: readonly (readonly [text: string, id: string])[] = [
      [head('1111'), '1111'],
      [head('2222'), '2222'],
      [head('3333'), '3333'],
      // As long as the one that is known by now, and another.
      [head('4444').replace('/a', '/b'), '4444'],
      [head('5555').replace('X-A: 1', 'X-A: 2'), '5555'],
      [head('6666'), '6666'],
      [head('7777', '77777777777777777'), '7777'],
      // The id stands in it twice.
      [head('8888').replace('X-A: 1', 'X-8888'), '8888'],
      [head('9999'), '9999'],
      [head('9999'), ''],
      [head('9999'), ''],
      [head('9999'), ''],
    ]
    for (const [text, id] of asked) {
      const wanted = start(text, { stream: 7 })
      expect(fieldsOf(heads.framesOf(wanted, id))).toEqual(fieldsOf(requestFrames(wanted)))
      expect(heads.framesOf(wanted, id)).toBe(requestFrames(wanted))
    }
  })

  it('asks for trailers where the stream takes them, and nowhere else', () => {
    const heads = new KnownHeads()
    const asks = (id: string, takesTrailers: boolean) =>
      fieldsOf(heads.framesOf(start(head(id), { takesTrailers }), id)).includes('te: trailers')
    for (const ids of [
      ['1111', '2222', '3333'],
      ['4444', '5555', '6666'],
    ]) {
      for (const id of ids) expect(asks(id, true)).toBe(true)
      for (const id of ids) expect(asks(id, false)).toBe(false)
    }
  })

  it('says that the table is empty when it must', () => {
    const heads = new KnownHeads()
    for (const id of ['1111', '2222', '3333']) heads.framesOf(start(head(id)), id)
    const told = heads.framesOf(start(head('4444'), { emptiesTable: true }), '4444')
    expect(read(told)[0]!.payload[0]).toBe(0x20)
    expect(read(heads.framesOf(start(head('5555')), '5555'))[0]!.payload[0]).toBe(0x82)
  })
})
