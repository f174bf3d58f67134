/** Flag of a frame, its length in four bytes, then the message. See gRPC over HTTP/2, "Length-Prefixed-Message". */
const PREFIX_BYTES = 5

/** Of a frame that holds a message as it is. */
export const PLAIN = 0x00
/** Of a frame of gRPC-Web that holds trailers. */
export const TRAILERS = 0x80

/** @returns a frame around a message */
export function grpcFrame(flag: number, message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame.writeUInt8(flag, 0)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}

export interface ReadFrame {
  readonly flag: number
  readonly message: Buffer
}

/** Longer messages are not put together; those of gRPC have 4 MiB unless somebody wants it otherwise. */
const LONGEST_MESSAGE_BYTES = 64 * 1024 * 1024

/** Takes frames out of bytes that come in pieces of any size. */
export class FrameReader {
  #pieces: Buffer[] = []
  #length = 0
  /** With fewer bytes there is nothing to take out, so that they need not be put together. */
  #wanted = PREFIX_BYTES

  /** What has come of a frame that is not whole yet. */
  get rest(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  /**
   * @param bytes copied as far as they are kept
   * @returns the frames that are whole now
   * @throws {RangeError} when a frame is too long
   */
  read(bytes: Uint8Array): readonly ReadFrame[] {
    this.#pieces.push(Buffer.from(bytes))
    this.#length += bytes.length
    if (this.#length < this.#wanted) return []
    let rest = Buffer.concat(this.#pieces)
    const frames: ReadFrame[] = []
    let end = endOfFirst(rest)
    while (rest.length >= end) {
      frames.push({ flag: rest[0]!, message: rest.subarray(PREFIX_BYTES, end) })
      rest = rest.subarray(end)
      end = endOfFirst(rest)
    }
    this.#pieces = [rest]
    this.#length = rest.length
    this.#wanted = end
    return frames
  }
}

/** Where a frame ends that bytes begin with, as far as that can be told. */
function endOfFirst(bytes: Buffer): number {
  if (bytes.length < PREFIX_BYTES) return PREFIX_BYTES
  const length = bytes.readUInt32BE(1)
  if (length > LONGEST_MESSAGE_BYTES)
    throw new RangeError(`A frame of ${length} bytes is longer than ${LONGEST_MESSAGE_BYTES}`)
  return PREFIX_BYTES + length
}
