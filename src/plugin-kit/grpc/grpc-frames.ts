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

/** Takes frames out of bytes that come in pieces of any size. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** What has come of a frame that is not whole yet. */
  get rest(): Buffer {
    return this.#rest
  }

  /** @param bytes copied as far as they are kept. @returns the frames that are whole now */
  read(bytes: Uint8Array): readonly ReadFrame[] {
    let rest = Buffer.concat([this.#rest, bytes])
    const frames: ReadFrame[] = []
    while (rest.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + rest.readUInt32BE(1)
      if (rest.length < end) break
      frames.push({ flag: rest[0]!, message: rest.subarray(PREFIX_BYTES, end) })
      rest = rest.subarray(end)
    }
    this.#rest = rest
    return frames
  }
}
