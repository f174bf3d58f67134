import {
  ErrorCode,
  Flag,
  FRAME_BYTES,
  FRAME_HEAD_BYTES,
  FrameType,
  PREFACE,
  Setting,
} from './frame.ts'

/** Hears what the peer's frames say. What is wrong with a frame as such is not passed on. */
export interface FrameSink {
  /** A whole header block: of a request, or of what comes after its body. Bytes are valid during the call only. */
  onHeaderBlock(block: HeaderBlock): void
  /** DATA begins. @param length all that counts for flow control, padding included */
  onDataBegun(stream: number, length: number): void
  /** Payload of the DATA that has begun, valid during the call only. */
  onDataBytes(bytes: Buffer, start: number, end: number): void
  /** The DATA that has begun is whole. */
  onDataEnded(endsStream: boolean): void
  onReset(stream: number, code: number): void
  onSetting(id: number, value: number): void
  /** All settings of a frame have been told. */
  onSettingsEnd(): void
  onSettingsAck(): void
  /** @param payload a character a byte */
  onPing(payload: string): void
  /** @param lastStream beyond which the peer has done nothing, and will do nothing */
  onGoAway(lastStream: number, code: number): void
  /** @param increment 0 to 2^31-1; 0 is an error */
  onWindowUpdate(stream: number, increment: number): void
}

export interface HeaderBlock {
  readonly stream: number
  readonly endsStream: boolean
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

export interface FrameLimits {
  /** Who is read: a client sends the preface first. */
  readonly peer: 'client' | 'server'
  /** Largest header block. */
  readonly blockBytes: number
}

/** Settings that one frame may hold. */
const MOST_SETTINGS = 32
/** CONTINUATIONs a block may have beyond those that its size needs. */
const SPARE_CONTINUATIONS = 8
const NO_BYTES = Buffer.alloc(0)

/**
 * Reads a peer's side of an HTTP/2 connection: a client's preface, then frames, however the bytes are cut.
 * DATA is passed on as it comes, everything else when it is whole.
 *
 * @see RFC 9113 §4, §6
 */
export class FrameReader {
  /** Set by whoever wants no more of what is being read. */
  isStopped = false
  readonly #sink: FrameSink
  readonly #limits: FrameLimits
  #fault: ErrorCode = ErrorCode.none
  #prefaceBytes: number
  #isFirst = true
  /** A frame that has begun, with its head. */
  #begun: Buffer | undefined
  #begunBytes = 0

  #type = 0
  #flags = 0
  #stream = 0

  #payloadLeft = 0
  #isInData = false
  #hasPadLength = false
  #paddingLeft = 0

  /** The stream whose header block goes on; 0: none does. */
  #blockStream = 0
  #blockEndsStream = false
  #block = NO_BYTES
  #blockBytes = 0
  #continuations = 0

  constructor(sink: FrameSink, limits: FrameLimits) {
    this.#sink = sink
    this.#limits = limits
    this.#prefaceBytes = limits.peer === 'client' ? 0 : PREFACE.length
  }

  /** @returns the error that ends the connection, or that there is none */
  read(bytes: Buffer, start: number, end: number): ErrorCode {
    let at = this.#prefaceBytes < PREFACE.length ? this.#readPreface(bytes, start, end) : start
    while (at < end && this.#fault === ErrorCode.none && !this.isStopped) {
      if (this.#isInData) at = this.#readData(bytes, at, end)
      else if (this.#begun === undefined && end - at >= FRAME_HEAD_BYTES)
        at = this.#readFrame(bytes, at, end)
      else at = this.#readOn(bytes, at, end)
    }
    return this.#fault
  }

  #readPreface(bytes: Buffer, start: number, end: number): number {
    const from = this.#prefaceBytes
    const length = Math.min(PREFACE.length - from, end - start)
    if (PREFACE.compare(bytes, start, start + length, from, from + length) !== 0)
      this.#fault = ErrorCode.protocolError
    this.#prefaceBytes += length
    return start + length
  }

  /** A frame whose head is there. */
  #readFrame(bytes: Buffer, start: number, end: number): number {
    const payload = start + FRAME_HEAD_BYTES
    this.#readHead(bytes, start)
    if (this.#isInData || this.#fault !== ErrorCode.none) return payload
    const after = payload + this.#payloadLeft
    if (after > end) return this.#keep(bytes, start, end)
    this.#take(bytes, payload, after)
    return after
  }

  // Frames in pieces

  /** Keeps what belongs to the frame that has begun. @returns position after it */
  #keep(bytes: Buffer, start: number, end: number): number {
    const begun = (this.#begun ??= Buffer.allocUnsafe(FRAME_HEAD_BYTES))
    const missing = this.#frameBytes(begun) - this.#begunBytes
    const stop = Math.min(end, start + missing)
    const room = this.#roomFor(begun, this.#begunBytes + stop - start)
    bytes.copy(room, this.#begunBytes, start, stop)
    this.#begunBytes += stop - start
    return stop
  }

  /** Until its head is whole, a frame is that long. */
  #frameBytes(begun: Buffer): number {
    if (this.#begunBytes < FRAME_HEAD_BYTES) return FRAME_HEAD_BYTES
    return FRAME_HEAD_BYTES + lengthAt(begun, 0)
  }

  #roomFor(begun: Buffer, bytes: number): Buffer {
    if (bytes <= begun.length) return begun
    const room = Buffer.allocUnsafe(Math.max(bytes, this.#frameBytes(begun)))
    begun.copy(room, 0, 0, this.#begunBytes)
    this.#begun = room
    return room
  }

  /** Goes on with a frame that has begun, or begins one. */
  #readOn(bytes: Buffer, start: number, end: number): number {
    const stop = this.#keep(bytes, start, end)
    const begun = this.#begun!
    if (this.#begunBytes === FRAME_HEAD_BYTES) {
      this.#readHead(begun, 0)
      if (this.#isInData) this.#dropKept()
      if (this.#isInData || this.#fault !== ErrorCode.none) return stop
    }
    if (this.#begunBytes < this.#frameBytes(begun)) return stop
    const frameEnd = this.#begunBytes
    this.#dropKept()
    this.#take(begun, FRAME_HEAD_BYTES, frameEnd)
    return stop
  }

  #dropKept(): void {
    this.#begun = undefined
    this.#begunBytes = 0
  }

  // Heads

  #readHead(bytes: Buffer, at: number): void {
    const length = lengthAt(bytes, at)
    const type = bytes[at + 3]!
    this.#type = type
    this.#flags = bytes[at + 4]!
    this.#stream =
      ((bytes[at + 5]! & 127) << 24) |
      (bytes[at + 6]! << 16) |
      (bytes[at + 7]! << 8) |
      bytes[at + 8]!
    this.#payloadLeft = length
    this.#fault =
      this.#orderFault(type, length) || headFault(type, this.#flags, this.#stream, length)
    this.#isFirst = false
    if (this.#fault === ErrorCode.none && type === FrameType.data) this.#beginData(length)
  }

  /** What is wrong with a frame because of those before it. */
  #orderFault(type: number, length: number): ErrorCode {
    const isSettings = type === FrameType.settings && (this.#flags & Flag.ack) === 0
    if (this.#isFirst && !isSettings) return ErrorCode.protocolError
    if (length > FRAME_BYTES) return ErrorCode.frameSizeError
    const isContinued = this.#blockStream !== 0
    if (isContinued !== (type === FrameType.continuation)) return ErrorCode.protocolError
    return isContinued && this.#stream !== this.#blockStream
      ? ErrorCode.protocolError
      : ErrorCode.none
  }

  // DATA

  #beginData(length: number): void {
    this.#isInData = true
    this.#hasPadLength = (this.#flags & Flag.padded) !== 0
    this.#paddingLeft = 0
    this.#sink.onDataBegun(this.#stream, length)
    if (length === 0) this.#endData()
  }

  /** @returns position after what belongs to the frame */
  #readData(bytes: Buffer, start: number, end: number): number {
    let at = start
    if (this.#hasPadLength) {
      this.#hasPadLength = false
      this.#paddingLeft = bytes[at]!
      this.#payloadLeft -= 1 + this.#paddingLeft
      at += 1
      if (this.#payloadLeft < 0) {
        this.#fault = ErrorCode.protocolError
        return at
      }
    }
    const dataEnd = Math.min(end, at + this.#payloadLeft)
    if (dataEnd > at) {
      this.#payloadLeft -= dataEnd - at
      this.#sink.onDataBytes(bytes, at, dataEnd)
    }
    const stop = Math.min(end, dataEnd + this.#paddingLeft)
    if (this.#payloadLeft === 0) {
      this.#paddingLeft -= stop - dataEnd
      if (this.#paddingLeft === 0) this.#endData()
    }
    return this.#payloadLeft === 0 ? stop : dataEnd
  }

  #endData(): void {
    this.#isInData = false
    this.#sink.onDataEnded((this.#flags & Flag.endStream) !== 0)
  }

  // All others

  #take(bytes: Buffer, start: number, end: number): void {
    const sink = this.#sink
    switch (this.#type) {
      case FrameType.headers:
        this.#fault = this.#takeHeaders(bytes, start, end)
        break
      case FrameType.continuation:
        this.#fault = this.#takeContinuation(bytes, start, end)
        break
      case FrameType.resetStream:
        sink.onReset(this.#stream, bytes.readUInt32BE(start))
        break
      case FrameType.settings:
        this.#fault = this.#takeSettings(bytes, start, end)
        break
      case FrameType.ping:
        if ((this.#flags & Flag.ack) === 0) sink.onPing(bytes.latin1Slice(start, end))
        break
      case FrameType.goAway:
        sink.onGoAway(bytes.readUInt32BE(start) & 0x7fffffff, bytes.readUInt32BE(start + 4))
        break
      case FrameType.windowUpdate:
        sink.onWindowUpdate(this.#stream, bytes.readUInt32BE(start) & 0x7fffffff)
        break
      default:
        // PRIORITY has been given up, and types that nobody knows are passed over: RFC 9113 §5.3, §5.5.
        break
    }
  }

  #takeHeaders(bytes: Buffer, start: number, end: number): ErrorCode {
    const flags = this.#flags
    let from = start
    let padding = 0
    if ((flags & Flag.padded) !== 0) padding = from < end ? bytes[from++]! : end
    if ((flags & Flag.priority) !== 0) {
      if (from + 5 <= end && dependsOnItself(bytes, from, this.#stream))
        return ErrorCode.protocolError
      from += 5
    }
    const to = end - padding
    if (from > to) return ErrorCode.protocolError
    const endsStream = (flags & Flag.endStream) !== 0
    if ((flags & Flag.endHeaders) !== 0) {
      this.#sink.onHeaderBlock({ stream: this.#stream, endsStream, bytes, start: from, end: to })
      return ErrorCode.none
    }
    this.#blockStream = this.#stream
    this.#blockEndsStream = endsStream
    this.#blockBytes = 0
    this.#continuations = 0
    return this.#addToBlock(bytes, from, to)
  }

  /** Bounded in bytes and in frames: a block that never ends is work without a request. */
  #takeContinuation(bytes: Buffer, start: number, end: number): ErrorCode {
    this.#continuations += 1
    const most = SPARE_CONTINUATIONS + Math.ceil(this.#limits.blockBytes / FRAME_BYTES)
    if (this.#continuations > most) return ErrorCode.enhanceYourCalm
    const fault = this.#addToBlock(bytes, start, end)
    if (fault !== ErrorCode.none || (this.#flags & Flag.endHeaders) === 0) return fault
    const stream = this.#blockStream
    const whole = this.#block
    this.#blockStream = 0
    this.#block = NO_BYTES
    this.#sink.onHeaderBlock({
      stream,
      endsStream: this.#blockEndsStream,
      bytes: whole,
      start: 0,
      end: this.#blockBytes,
    })
    return ErrorCode.none
  }

  #addToBlock(bytes: Buffer, start: number, end: number): ErrorCode {
    const size = this.#blockBytes + end - start
    if (size > this.#limits.blockBytes) return ErrorCode.enhanceYourCalm
    if (size > this.#block.length) {
      const room = Buffer.allocUnsafe(Math.max(size, this.#block.length * 2))
      this.#block.copy(room, 0, 0, this.#blockBytes)
      this.#block = room
    }
    bytes.copy(this.#block, this.#blockBytes, start, end)
    this.#blockBytes = size
    return ErrorCode.none
  }

  #takeSettings(bytes: Buffer, start: number, end: number): ErrorCode {
    if ((this.#flags & Flag.ack) !== 0) {
      this.#sink.onSettingsAck()
      return ErrorCode.none
    }
    if (end - start > MOST_SETTINGS * 6) return ErrorCode.enhanceYourCalm
    for (let at = start; at < end; at += 6) {
      const id = bytes.readUInt16BE(at)
      const value = bytes.readUInt32BE(at + 2)
      const fault = settingFault(id, value, this.#limits.peer)
      if (fault !== ErrorCode.none) return fault
      this.#sink.onSetting(id, value)
      if (this.isStopped) return ErrorCode.none
    }
    this.#sink.onSettingsEnd()
    return ErrorCode.none
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
}

/** @see RFC 7540 §5.3.1, which its successor has dropped with priorities as such */
function dependsOnItself(bytes: Buffer, at: number, stream: number): boolean {
  return (bytes.readUInt32BE(at) & 0x7fffffff) === stream
}

/** What is wrong with a frame by its head alone. */
// oxlint-disable-next-line complexity -- a table of ten kinds of frame, one line each
function headFault(type: number, flags: number, stream: number, length: number): ErrorCode {
  const { none, protocolError, frameSizeError } = ErrorCode
  switch (type) {
    case FrameType.data:
      if (stream === 0 || (length === 0 && (flags & Flag.padded) !== 0)) return protocolError
      return none
    case FrameType.headers:
    case FrameType.continuation:
      return stream === 0 ? protocolError : none
    case FrameType.priority:
      return stream === 0 ? protocolError : length === 5 ? none : frameSizeError
    case FrameType.resetStream:
      return stream === 0 ? protocolError : length === 4 ? none : frameSizeError
    case FrameType.settings: {
      if (stream !== 0) return protocolError
      const isAck = (flags & Flag.ack) !== 0
      return length % 6 === 0 && !(isAck && length > 0) ? none : frameSizeError
    }
    case FrameType.pushPromise:
      return protocolError
    case FrameType.ping:
      return stream !== 0 ? protocolError : length === 8 ? none : frameSizeError
    case FrameType.goAway:
      return stream !== 0 ? protocolError : length >= 8 ? none : frameSizeError
    case FrameType.windowUpdate:
      return length === 4 ? none : frameSizeError
    default:
      return none
  }
}

/** @see RFC 9113 §6.5.2; RFC 8441 §3 */
function settingFault(id: number, value: number, peer: FrameLimits['peer']): ErrorCode {
  const { none, protocolError, flowControlError } = ErrorCode
  switch (id) {
    case Setting.enablePush:
      // Only clients can be pushed to.
      return value > (peer === 'client' ? 1 : 0) ? protocolError : none
    case Setting.enableConnectProtocol:
      return value > 1 ? protocolError : none
    case Setting.initialWindowSize:
      return value > 0x7fffffff ? flowControlError : none
    case Setting.maxFrameSize:
      return value < FRAME_BYTES || value > 16_777_215 ? protocolError : none
    default:
      return none
  }
}
