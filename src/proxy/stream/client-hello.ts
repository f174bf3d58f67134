/** What is needed of the first message of a TLS handshake to choose a route by it. */
export interface ClientHello {
  /** In lower case, without a trailing dot; absent when the client asks for no name. */
  readonly serverName: string | undefined
}

export type ClientHelloFault = 'incomplete' | 'malformed'

/** More than any client sends, keys and certificates of tomorrow included. */
export const CLIENT_HELLO_LIMIT_BYTES = 16_384

const HANDSHAKE_RECORD = 22
const RECORD_HEAD_BYTES = 5
/** @see RFC 8446 §5.1 */
const LONGEST_FRAGMENT_BYTES = 16_384
const CLIENT_HELLO = 1
const MESSAGE_HEAD_BYTES = 4

/**
 * Reads the server name from the beginning of a TLS connection, without taking part in the handshake.
 * The message may come in as many records as the client likes.
 *
 * @param bytes all that came so far; not changed
 * @see RFC 8446 §4.1.2 and RFC 6066 §3
 */
export function readClientHello(bytes: Buffer): ClientHello | ClientHelloFault {
  const message = readMessage(bytes)
  if (typeof message === 'string') return message
  try {
    return { serverName: serverNameOf(new Reader(message)) }
  } catch (error) {
    if (error instanceof RangeError) return 'malformed'
    throw error
  }
}

/**
 * The body of the first handshake message. It is put together once all of it is there: doing so for
 * every few bytes that come would be work for an attacker to order.
 */
function readMessage(bytes: Buffer): Buffer | ClientHelloFault {
  const fragments: Buffer[] = []
  let collected = 0
  let end: number | undefined
  let at = 0
  for (;;) {
    const record = readRecord(bytes, at)
    if (typeof record === 'string') return record
    fragments.push(record.fragment)
    collected += record.fragment.length
    if (end === undefined && collected >= MESSAGE_HEAD_BYTES) {
      const head = Buffer.concat(fragments)
      end = MESSAGE_HEAD_BYTES + head.readUIntBE(1, 3)
      if (head[0] !== CLIENT_HELLO || end > CLIENT_HELLO_LIMIT_BYTES) return 'malformed'
    }
    if (end !== undefined && collected >= end)
      return Buffer.concat(fragments).subarray(MESSAGE_HEAD_BYTES, end)
    if (!record.isWhole) return 'incomplete'
    at = record.end
  }
}

interface RecordPart {
  /** What of the record's content has come. */
  readonly fragment: Buffer
  readonly isWhole: boolean
  readonly end: number
}

function readRecord(bytes: Buffer, at: number): RecordPart | ClientHelloFault {
  if (at < bytes.length && bytes[at] !== HANDSHAKE_RECORD) return 'malformed'
  if (at + 1 < bytes.length && bytes[at + 1] !== 3) return 'malformed'
  if (bytes.length - at < RECORD_HEAD_BYTES) return 'incomplete'
  const length = bytes.readUInt16BE(at + 3)
  // An empty fragment of a handshake message is forbidden, and would let a client send for ever.
  if (length === 0 || length > LONGEST_FRAGMENT_BYTES) return 'malformed'
  const start = at + RECORD_HEAD_BYTES
  const end = start + length
  return { fragment: bytes.subarray(start, end), isWhole: end <= bytes.length, end }
}

/** Reads fields one after the other. Whatever would lie beyond the end is a RangeError. */
class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  number(bytes: 1 | 2): number {
    const value = this.#bytes.readUIntBE(this.#at, bytes)
    this.#at += bytes
    return value
  }

  take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('A field is longer than its message')
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return part
  }

  /** A field with its length in front. @param lengthBytes how long the length is */
  vector(lengthBytes: 1 | 2): Buffer {
    return this.take(this.number(lengthBytes))
  }
}

const VERSION_AND_RANDOM_BYTES = 34
const SERVER_NAME_EXTENSION = 0

function serverNameOf(hello: Reader): string | undefined {
  hello.take(VERSION_AND_RANDOM_BYTES)
  if (hello.vector(1).length > 32) throw new RangeError('The session id is too long')
  hello.vector(2)
  hello.vector(1)
  // Clients of old have no extensions at all.
  if (hello.isAtEnd) return undefined
  const extensions = new Reader(hello.vector(2))
  if (!hello.isAtEnd) throw new RangeError('Something follows the extensions')
  let name: string | undefined
  let hasList = false
  while (!extensions.isAtEnd) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type !== SERVER_NAME_EXTENSION) continue
    // Two lists could be read differently here and by the server that ends the handshake.
    if (hasList) throw new RangeError('There are two lists of server names')
    hasList = true
    name = hostNameIn(content)
  }
  return name
}

const HOST_NAME = 0
const NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/

function hostNameIn(extension: Buffer): string | undefined {
  const outer = new Reader(extension)
  const names = new Reader(outer.vector(2))
  if (!outer.isAtEnd) throw new RangeError('Something follows the server names')
  let found: string | undefined
  while (!names.isAtEnd) {
    const type = names.number(1)
    const name = names.vector(2)
    if (type !== HOST_NAME) continue
    if (found !== undefined) throw new RangeError('There are two host names')
    found = name.toString('latin1').toLowerCase()
    if (found.length > 255 || !NAME.test(found)) throw new RangeError('The name is no host name')
  }
  return found?.endsWith('.') === true ? found.slice(0, -1) : found
}
