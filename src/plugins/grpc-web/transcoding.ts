import { FrameReader, grpcFrame, PLAIN, TRAILERS } from '../../plugin-kit/grpc/grpc-frames.ts'
import type { GrpcMethod } from '../../plugin-kit/grpc/proto-file.ts'
import { jsonToMessage, messageToJson } from '../../plugin-kit/grpc/proto-json.ts'
import { decodeBase64, type WebEncoding } from './web-encoding.ts'

/** One exchange between a gRPC-Web client and a gRPC server. */
export class Transcoding {
  readonly #encoding: WebEncoding
  /** Present where messages are JSON for the client. */
  readonly #method: GrpcMethod | undefined
  readonly #frames = new FrameReader()

  constructor(encoding: WebEncoding, method: GrpcMethod | undefined) {
    this.#encoding = encoding
    this.#method = method
  }

  /** The request as gRPC has it. @throws {Error} when it is not JSON, or not that of the message */
  request(body: Uint8Array): Buffer {
    const { isBase64, isFramed } = this.#encoding
    const bytes = isBase64 ? decodeBase64(Buffer.from(body).toString('latin1')) : Buffer.from(body)
    const method = this.#method
    if (method === undefined) return bytes
    const texts = isFramed ? new FrameReader().read(bytes).map(({ message }) => message) : [bytes]
    return Buffer.concat(
      texts.map((text) => {
        const message = jsonToMessage(method.request, JSON.parse(text.toString()))
        return grpcFrame(PLAIN, method.request.encode(message).finish())
      }),
    )
  }

  /** A piece of the response as the client has it. */
  response(chunk: Uint8Array): Buffer {
    const method = this.#method
    if (method === undefined) return this.#written(Buffer.from(chunk))
    const messages = this.#frames.read(chunk).map(({ message }) => {
      const json = JSON.stringify(messageToJson(method.response, method.response.decode(message)))
      return this.#encoding.isFramed ? grpcFrame(PLAIN, Buffer.from(json)) : Buffer.from(json)
    })
    return this.#written(Buffer.concat(messages))
  }

  /** What follows the response: gRPC-Web has trailers as a last frame. */
  trailers(status: string, message: string): Buffer {
    if (!this.#encoding.isFramed) return Buffer.alloc(0)
    const text = `grpc-status:${status}\r\ngrpc-message:${message}\r\n`
    return this.#written(grpcFrame(TRAILERS, Buffer.from(text, 'latin1')))
  }

  #written(bytes: Buffer): Buffer {
    return this.#encoding.isBase64 ? Buffer.from(bytes.toString('base64'), 'latin1') : bytes
  }
}
