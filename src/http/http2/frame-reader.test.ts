import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ErrorCode, PREFACE } from './frame.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'

/** What a reader says it has read. DATA is one text a frame, however it came. */
class Record implements FrameSink {
  readonly said: string[] = []
  #data = ''

  onHeaderBlock({
    stream,
    endsStream,
    bytes,
    start,
    end,
  }: Parameters<FrameSink['onHeaderBlock']>[0]) {
    this.said.push(`headers ${stream} ${endsStream} ${bytes.latin1Slice(start, end)}`)
  }
  onDataBegun(stream: number, length: number): void {
    this.#data = `data ${stream} ${length} `
  }
  onDataBytes(bytes: Buffer, start: number, end: number): void {
    this.#data += bytes.latin1Slice(start, end)
  }
  onDataEnded(endsStream: boolean): void {
    this.said.push(`${this.#data} ${endsStream}`)
  }
  onReset(stream: number): void {
    this.said.push(`reset ${stream}`)
  }
  onSetting(id: number, value: number): void {
    this.said.push(`setting ${id} ${value}`)
  }
  onSettingsEnd(): void {
    this.said.push('settings')
  }
  onSettingsAck(): void {
    this.said.push('ack')
  }
  onPing(payload: string): void {
    this.said.push(`ping ${payload}`)
  }
  onGoAway(): void {
    this.said.push('go away')
  }
  onWindowUpdate(stream: number, increment: number): void {
    this.said.push(`window ${stream} ${increment}`)
  }
}

function frame(
  type: number,
  flags: number,
  stream: number,
  payload: string | number[] = '',
): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : Buffer.from(payload)
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

const LIMITS = { peer: 'client', blockBytes: 20_000 } as const
const SETTINGS = frame(4, 0, 0, [0, 3, 0, 0, 0, 100])

/** All that a reader says of bytes that come in one piece, or cut at positions. */
function readAll(bytes: Buffer, cuts: readonly number[] = []) {
  const record = new Record()
  const reader = new FrameReader(record, LIMITS)
  let error: ErrorCode = ErrorCode.none
  const stops = [...cuts, bytes.length]
  let at = 0
  for (const stop of stops) {
    // What was read before is written over, as in the buffer of a connection.
    const piece = Buffer.from(bytes.subarray(at, stop))
    error = reader.read(piece, 0, piece.length)
    piece.fill(0x2a)
    if (error !== ErrorCode.none) break
    at = stop
  }
  return { said: record.said, error }
}

const errorOf = (...frames: readonly Buffer[]) =>
  readAll(Buffer.concat([PREFACE, SETTINGS, ...frames])).error

const MIXED = Buffer.concat([
  PREFACE,
  SETTINGS,
  frame(4, 1, 0),
  frame(1, 4, 1, 'block'),
  frame(1, 1 | 4 | 8 | 32, 3, '\x02\0\0\0\x01\x10paddedXX'),
  frame(0, 0, 1, 'some data'),
  frame(0, 0, 1),
  frame(0, 8, 1, '\x03paddedXXX'),
  frame(0, 8, 1, '\x03XXX'),
  frame(0, 9, 1, '\0'),
  frame(1, 1, 5, 'one '),
  frame(9, 0, 5, 'two '),
  frame(9, 0, 5),
  frame(9, 4, 5, 'three'),
  frame(2, 0, 7, '\0\0\0\x05\x10'),
  frame(0xbb, 0xff, 9, 'nobody knows it'),
  frame(6, 0, 0, '12345678'),
  frame(6, 1, 0, 'answered'),
  frame(3, 0, 5, [0, 0, 0, 8]),
  frame(8, 0, 0, [0x80, 0, 0, 1]),
  frame(7, 0, 0, '\0\0\0\x01\0\0\0\0why'),
])

const SAID = [
  'setting 3 100',
  'settings',
  'ack',
  'headers 1 false block',
  'headers 3 true padded',
  'data 1 9 some data false',
  'data 1 0  false',
  'data 1 10 padded false',
  'data 1 4  false',
  'data 1 1  true',
  'headers 5 true one two three',
  'ping 12345678',
  'reset 5',
  'window 0 1',
  'go away',
]

describe('FrameReader', () => {
  it('reads frames of every kind', () => {
    expect(readAll(MIXED)).toEqual({ said: SAID, error: ErrorCode.none })
  })

  it('reads the same wherever the bytes are cut in two', () => {
    for (let cut = 0; cut <= MIXED.length; cut += 1)
      expect(readAll(MIXED, [cut]).said).toEqual(SAID)
  })

  it('reads the same byte by byte, and in any pieces', () => {
    const everywhere = Array.from({ length: MIXED.length }, (_, index) => index)
    expect(readAll(MIXED, everywhere).said).toEqual(SAID)
    fc.assert(
      fc.property(fc.array(fc.nat(MIXED.length), { maxLength: 12 }), (cuts) => {
        expect(
          readAll(
            MIXED,
            cuts.sort((a, b) => a - b),
          ).said,
        ).toEqual(SAID)
      }),
    )
  })

  it.each([
    ['another beginning', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['PING before SETTINGS', Buffer.concat([PREFACE, frame(6, 0, 0, '12345678')])],
    ['an answer to SETTINGS first', Buffer.concat([PREFACE, frame(4, 1, 0)])],
  ])('refuses %s', (_, bytes) => {
    expect(readAll(bytes).error).toBe(ErrorCode.protocolError)
  })

  const { protocolError, frameSizeError, flowControlError, enhanceYourCalm } = ErrorCode
  it.each([
    ['DATA without a stream', frame(0, 0, 0, 'x'), protocolError],
    ['HEADERS without a stream', frame(1, 4, 0, 'x'), protocolError],
    ['PRIORITY without a stream', frame(2, 0, 0, '\0\0\0\0\0'), protocolError],
    ['PRIORITY of four bytes', frame(2, 0, 1, '\0\0\0\0'), frameSizeError],
    ['RST_STREAM without a stream', frame(3, 0, 0, '\0\0\0\0'), protocolError],
    ['RST_STREAM of three bytes', frame(3, 0, 1, '\0\0\0'), frameSizeError],
    ['SETTINGS on a stream', frame(4, 0, 1), protocolError],
    ['SETTINGS of five bytes', frame(4, 0, 0, '\0\0\0\0\0'), frameSizeError],
    ['an answer to SETTINGS that says something', frame(4, 1, 0, '\0\x03\0\0\0\0'), frameSizeError],
    ['push that is neither on nor off', frame(4, 0, 0, '\0\x02\0\0\0\x02'), protocolError],
    ['a window of 2^31', frame(4, 0, 0, '\0\x04\x80\0\0\0'), flowControlError],
    ['frames of less than 16384', frame(4, 0, 0, '\0\x05\0\0\x3f\xff'), protocolError],
    ['frames of 2^24', frame(4, 0, 0, '\0\x05\x01\0\0\0'), protocolError],
    ['a tunnel setting of 2', frame(4, 0, 0, '\0\x08\0\0\0\x02'), protocolError],
    ['33 settings at once', frame(4, 0, 0, '\0\x04\0\0\0\0'.repeat(33)), enhanceYourCalm],
    ['PUSH_PROMISE', frame(5, 4, 1, '\0\0\0\x02'), protocolError],
    ['PING on a stream', frame(6, 0, 1, '12345678'), protocolError],
    ['PING of seven bytes', frame(6, 0, 0, '1234567'), frameSizeError],
    ['GOAWAY on a stream', frame(7, 0, 1, '12345678'), protocolError],
    ['GOAWAY of seven bytes', frame(7, 0, 0, '1234567'), frameSizeError],
    ['WINDOW_UPDATE of five bytes', frame(8, 0, 0, '12345'), frameSizeError],
    ['CONTINUATION of nothing', frame(9, 4, 1, 'x'), protocolError],
    ['a frame beyond 16384', frame(0xbb, 0, 0, 'x'.repeat(16_385)), frameSizeError],
    ['DATA that is all padding and more', frame(0, 8, 1, '\x05xxxx'), protocolError],
    ['padded DATA of nothing', frame(0, 8, 1), protocolError],
    ['HEADERS that are all padding and more', frame(1, 12, 1, '\x05xxxx'), protocolError],
    ['padded HEADERS of nothing', frame(1, 12, 1), protocolError],
    ['HEADERS too short for their priority', frame(1, 36, 1, '\0\0\0'), protocolError],
    ['HEADERS that depend on themselves', frame(1, 36, 1, '\0\0\0\x01\0'), protocolError],
  ] as const)('refuses %s', (_, bytes, code) => {
    expect(errorOf(bytes)).toBe(code)
  })

  it.each([
    ['another kind of frame', frame(6, 0, 0, '12345678')],
    ['one of no known kind', frame(0xbb, 0, 1)],
    ['a CONTINUATION of another stream', frame(9, 4, 3, 'x')],
    ['another head', frame(1, 4, 3, 'x')],
  ])('refuses %s in the middle of a head', (_, bytes) => {
    expect(errorOf(frame(1, 0, 1, 'x'), bytes)).toBe(protocolError)
  })

  it('refuses a head in more frames, or of more bytes, than any head needs', () => {
    const begun = frame(1, 0, 1, 'x')
    const empty = Array.from({ length: 11 }, () => frame(9, 0, 1))
    expect(errorOf(begun, ...empty)).toBe(enhanceYourCalm)
    const large = frame(9, 0, 1, 'x'.repeat(16_384))
    expect(errorOf(begun, large)).toBe(ErrorCode.none)
    expect(errorOf(begun, large, large)).toBe(enhanceYourCalm)
  })

  it('reads no further when it is stopped', () => {
    const record = new Record()
    const reader = new FrameReader(record, LIMITS)
    record.onPing = () => (reader.isStopped = true)
    const bytes = Buffer.concat([PREFACE, SETTINGS, frame(6, 0, 0, '12345678'), frame(4, 0, 0)])
    expect(reader.read(bytes, 0, bytes.length)).toBe(ErrorCode.none)
    expect(record.said).toEqual(['setting 3 100', 'settings'])
  })

  it('never throws, and stays with its first error, whatever comes', () => {
    const anyFrame = fc
      .tuple(fc.nat(10), fc.nat(255), fc.nat(5), fc.uint8Array({ maxLength: 30 }))
      .map(([type, flags, stream, payload]) => frame(type, flags, stream, [...payload]))
    const anyBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.array(fc.oneof(anyFrame, anyBytes), { maxLength: 20 }), (pieces) => {
        const reader = new FrameReader(new Record(), LIMITS)
        reader.read(Buffer.concat([PREFACE, SETTINGS]), 0, PREFACE.length + SETTINGS.length)
        let error: ErrorCode = ErrorCode.none
        for (const piece of pieces) {
          const next = reader.read(piece, 0, piece.length)
          if (error !== ErrorCode.none) expect(next).toBe(error)
          error = next
        }
      }),
      { numRuns: 500 },
    )
  })
})
