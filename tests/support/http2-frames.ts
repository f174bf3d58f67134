/** Frames of HTTP/2 by hand, for what no client library would send. @see RFC 9113 §6 */

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const Flag = { endStream: 1, ack: 1, endHeaders: 4 } as const

export interface Frame {
  readonly type: number
  readonly flags?: number
  readonly stream?: number
  readonly payload?: Buffer
}

const HEAD_BYTES = 9

export function frame({ type, flags = 0, stream = 0, payload = Buffer.alloc(0) }: Frame): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** What every client begins with: the preface and SETTINGS of nothing. */
export const OPENING = Buffer.concat([PREFACE, frame({ type: FrameType.settings })])

/** A field as HPACK has it without tables; each text is shorter than 127 bytes. */
export function literal(name: string, value: string): Buffer {
  const part = (text: string) => [text.length, ...Buffer.from(text, 'latin1')]
  return Buffer.from([0, ...part(name), ...part(value)])
}

/** Fields of a request. */
export function requestFields(path: string, method = 'GET'): Buffer {
  return Buffer.concat([
    literal(':method', method),
    literal(':scheme', 'http'),
    literal(':path', path),
    literal(':authority', 'a'),
  ])
}

/** Whole frames at the beginning of bytes. */
export function readFrames(bytes: Buffer): readonly Required<Frame>[] {
  const frames: Required<Frame>[] = []
  let at = 0
  while (at + HEAD_BYTES <= bytes.length) {
    const end = at + HEAD_BYTES + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    frames.push({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + HEAD_BYTES, end),
    })
    at = end
  }
  return frames
}
