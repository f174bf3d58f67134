import { describe, expect, it } from 'vitest'
import { HpackDecoder } from '../../http/http2/hpack-decoder.ts'
import { responseFrames, trailerFrames } from './response-frames.ts'

interface Read {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

function framesOf(text: string): readonly Read[] {
  const bytes = Buffer.from(text, 'latin1')
  const frames: Read[] = []
  for (let at = 0; at < bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    const payload = bytes.subarray(at + 9, end)
    frames.push({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      stream: bytes.readUInt32BE(at + 5),
      payload,
    })
    at = end
  }
  return frames
}

function fieldsOf(block: Buffer): readonly string[] {
  const fields: string[] = []
  const taker = {
    takeField: ({ name, value }: { name: string; value: string }) =>
      void fields.push(`${name}: ${value}`),
  }
  expect(new HpackDecoder().decode(block, 0, block.length, taker)).toBe(true)
  return fields
}

const start = (head: string, body = '', more: object = {}) => ({
  stream: 0x01020305,
  text: head + body,
  headLength: head.length,
  asksForTunnel: false,
  endsStream: true,
  emptiesTable: false,
  ...more,
})

const HEAD = 'HTTP/1.1 200 OK\r\nX-A: 1\r\nConnection: close\r\n\r\n'
const [HEADERS, DATA, CONTINUATION] = [1, 0, 9]

describe('responseFrames', () => {
  it('end the stream with the head where nothing follows, else with the body', () => {
    const [alone] = framesOf(responseFrames(start(HEAD)))
    expect(alone).toMatchObject({ type: HEADERS, flags: 5, stream: 0x01020305 })
    expect(fieldsOf(alone!.payload)).toEqual([':status: 200', 'x-a: 1'])
    const [head, body] = framesOf(responseFrames(start(HEAD, 'body\r\n\r\nÿ')))
    expect(head).toMatchObject({ type: HEADERS, flags: 4 })
    expect(body).toMatchObject({
      type: DATA,
      flags: 1,
      payload: Buffer.from('body\r\n\r\nÿ', 'latin1'),
    })
    const begun = framesOf(responseFrames(start(HEAD, 'x', { endsStream: false })))
    expect(begun.map(({ flags }) => flags)).toEqual([4, 0])
  })

  it.each([0, 5])('cut a long head into frames: body of %i bytes', (bodyBytes) => {
    const long = `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(20_000)}\r\nX-B: ${'b'.repeat(20_000)}\r\n\r\n`
    const frames = framesOf(responseFrames(start(long, 'x'.repeat(bodyBytes))))
    const heads = frames.filter(({ type }) => type !== DATA)
    expect(heads.map(({ type }) => type)).toEqual([HEADERS, CONTINUATION, CONTINUATION])
    expect(heads.map(({ flags }) => flags)).toEqual([bodyBytes === 0 ? 1 : 0, 0, 4])
    expect(Math.max(...heads.map(({ payload }) => payload.length))).toBe(16_384)
    const block = Buffer.concat(heads.map(({ payload }) => payload))
    expect(fieldsOf(block)).toEqual([
      ':status: 200',
      `x-a: ${'a'.repeat(20_000)}`,
      `x-b: ${'b'.repeat(20_000)}`,
    ])
    expect(frames.slice(3).map(({ flags, payload }) => [flags, payload.length])).toEqual(
      bodyBytes === 0 ? [] : [[1, bodyBytes]],
    )
  })

  it.each([
    ['101 Switching Protocols', true, '200'],
    ['200 OK', true, '502'],
    ['204 No Content', true, '502'],
    ['404 Not Found', true, '404'],
    ['200 OK', false, '200'],
    ['999 Odd', false, '502'],
    ['103 Early Hints', false, '103'],
  ])('say %s, to one that asks for a tunnel (%s), as %s', (line, asksForTunnel, status) => {
    const [frame] = framesOf(
      responseFrames(start(`HTTP/1.1 ${line}\r\n\r\n`, '', { asksForTunnel })),
    )
    expect(fieldsOf(frame!.payload)).toEqual([`:status: ${status}`])
  })

  it('say first that the table is empty, when they have to', () => {
    const [frame] = framesOf(responseFrames(start(HEAD, '', { emptiesTable: true })))
    expect(frame!.payload[0]).toBe(0x20)
    expect(fieldsOf(frame!.payload)[0]).toBe(':status: 200')
  })
})

describe('trailerFrames', () => {
  it('end the stream with fields alone', () => {
    const [frame] = framesOf(trailerFrames(1, 'Digest: x\r\nGrpc-Status: 0\r\n'))
    expect(frame).toMatchObject({ type: HEADERS, flags: 5, stream: 1 })
    expect(fieldsOf(frame!.payload)).toEqual(['digest: x', 'grpc-status: 0'])
  })
})
