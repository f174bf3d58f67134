/** Numbers of HTTP/2, and its frames as strings of one character a byte, as transports write them. */

/** @see RFC 9113 §6 */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const Flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

/** @see RFC 9113 §7 */
export const ErrorCode = {
  none: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

/** @see RFC 9113 §6.5.2; RFC 8441 §3 */
export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const

export const FRAME_HEAD_BYTES = 9
/** Largest payload that needs no agreement. */
export const FRAME_BYTES = 16_384
/** Window of a stream and of a connection before anything is said about it. */
export const INITIAL_WINDOW = 65_535
export const LARGEST_WINDOW = 0x7fffffff

/** What a client sends first. @see RFC 9113 §3.4 */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export function writeFrameHead(
  out: Buffer,
  at: number,
  frame: {
    readonly length: number
    readonly type: number
    readonly flags: number
    readonly stream: number
  },
): void {
  const { length, stream } = frame
  out[at] = length >>> 16
  out[at + 1] = length >>> 8
  out[at + 2] = length
  out[at + 3] = frame.type
  out[at + 4] = frame.flags
  out[at + 5] = stream >>> 24
  out[at + 6] = stream >>> 16
  out[at + 7] = stream >>> 8
  out[at + 8] = stream
}

function frameOf(type: number, flags: number, stream: number, payload: string): string {
  const { length } = payload
  const head = String.fromCharCode(
    length >>> 16,
    (length >>> 8) & 255,
    length & 255,
    type,
    flags,
    stream >>> 24,
    (stream >>> 16) & 255,
    (stream >>> 8) & 255,
    stream & 255,
  )
  return head + payload
}

function uint32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

/** @param settings pairs of number and value */
export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): string {
  const payload = settings.map(([id, value]) => `\0${String.fromCharCode(id)}${uint32(value)}`)
  return frameOf(FrameType.settings, 0, 0, payload.join(''))
}

export const SETTINGS_ACK = frameOf(FrameType.settings, Flag.ack, 0, '')

export function pingAck(payload: string): string {
  return frameOf(FrameType.ping, Flag.ack, 0, payload)
}

export function resetFrame(stream: number, code: ErrorCode): string {
  return frameOf(FrameType.resetStream, 0, stream, uint32(code))
}

export function goAwayFrame(lastStream: number, code: ErrorCode): string {
  return frameOf(FrameType.goAway, 0, 0, uint32(lastStream) + uint32(code))
}

export function windowUpdateFrame(stream: number, increment: number): string {
  return frameOf(FrameType.windowUpdate, 0, stream, uint32(increment))
}

/** DATA without a byte, which ends a stream. */
export function endFrame(stream: number): string {
  return frameOf(FrameType.data, Flag.endStream, stream, '')
}

/** A header block, in as many frames as it takes. */
export function headerFrames(stream: number, block: string, endsStream: boolean): string {
  const flags = endsStream ? Flag.endStream : 0
  if (block.length <= FRAME_BYTES)
    return frameOf(FrameType.headers, flags | Flag.endHeaders, stream, block)
  let text = frameOf(FrameType.headers, flags, stream, block.slice(0, FRAME_BYTES))
  for (let at = FRAME_BYTES; at < block.length; at += FRAME_BYTES) {
    const isLast = at + FRAME_BYTES >= block.length
    const part = block.slice(at, at + FRAME_BYTES)
    text += frameOf(FrameType.continuation, isLast ? Flag.endHeaders : 0, stream, part)
  }
  return text
}
