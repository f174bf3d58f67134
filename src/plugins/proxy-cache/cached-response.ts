/** A response as it is kept. */
export interface CachedResponse {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** When it was stored, and how long it is to be served; seconds. */
  readonly storedAt: number
  readonly ttl: number
  readonly body: Uint8Array
}

/** Entries of another form are not read. */
const VERSION = 1
const HEAD_LENGTH_BYTES = 4

export function encodeResponse({ body, ...head }: CachedResponse): Uint8Array {
  const headBytes = Buffer.from(JSON.stringify({ version: VERSION, ...head }))
  const length = Buffer.alloc(HEAD_LENGTH_BYTES)
  length.writeUInt32LE(headBytes.length)
  return Buffer.concat([length, headBytes, body])
}

export function decodeResponse(bytes: Uint8Array): CachedResponse | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bodyStart = HEAD_LENGTH_BYTES + buffer.readUInt32LE(0)
  const { version, ...head } = JSON.parse(
    buffer.toString('utf8', HEAD_LENGTH_BYTES, bodyStart),
  ) as Omit<CachedResponse, 'body'> & { readonly version: number }
  return version === VERSION ? { ...head, body: buffer.subarray(bodyStart) } : undefined
}

const NOT_KEPT: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailers',
  'transfer-encoding',
  'upgrade',
  'content-length',
  // About this request, or about the cache.
  'ratelimit-remaining',
  'age',
  'x-cache-key',
  'x-cache-status',
])

/** The headers that another client may get. */
export function keptHeaders(
  headers: readonly (readonly [name: string, value: string])[],
): readonly (readonly [name: string, value: string])[] {
  return headers.filter(([name]) => !NOT_KEPT.has(name.toLowerCase()))
}
