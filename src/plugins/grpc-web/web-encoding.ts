/** How a gRPC-Web client writes its messages, as its content type says. */
export interface WebEncoding {
  readonly isBase64: boolean
  /** Messages stand in frames; else the body is one message. */
  readonly isFramed: boolean
  readonly isJson: boolean
}

const BINARY: WebEncoding = { isBase64: false, isFramed: true, isJson: false }
const TEXT: WebEncoding = { isBase64: true, isFramed: true, isJson: false }
const JSON_ALONE: WebEncoding = { isBase64: false, isFramed: false, isJson: true }

const ENCODINGS: ReadonlyMap<string, WebEncoding> = new Map([
  ['application/grpc-web', BINARY],
  ['application/grpc-web+proto', BINARY],
  ['application/grpc-web+json', { ...BINARY, isJson: true }],
  ['application/grpc-web-text', TEXT],
  ['application/grpc-web-text+proto', TEXT],
  ['application/grpc-web-text+json', { ...TEXT, isJson: true }],
  ['application/json', JSON_ALONE],
])

/** Another content type, or none, is read as JSON. */
export function webEncoding(contentType: string | undefined): WebEncoding {
  return ENCODINGS.get(contentType ?? '') ?? JSON_ALONE
}

/** Decodes base64 that was written in pieces: each may end with padding of its own. */
export function decodeBase64(text: string): Buffer {
  const pieces = text.match(/[^=]+=*/g) ?? []
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64')))
}
