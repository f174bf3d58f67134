import { crc32 } from 'node:zlib'
import type { StreamEvent } from './provider.ts'
import type { EventReader } from './stream-events.ts'

const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4
/** AWS's own clients take no more either. */
const LONGEST_MESSAGE_BYTES = 24 * 1024 * 1024

/**
 * Reads `application/vnd.amazon.eventstream`: messages of a prelude (length, length of the headers,
 * checksum of both), headers, payload and a checksum of all.
 *
 * @see https://smithy.io/2.0/aws/amazon-eventstream.html
 */
export function awsEventReader(): EventReader {
  let pending = Buffer.alloc(0)
  return {
    push(bytes) {
      pending = Buffer.concat([pending, bytes])
      const events: StreamEvent[] = []
      for (;;) {
        const length = messageLength(pending)
        if (length === undefined || pending.length < length) return events
        events.push(readMessage(pending.subarray(0, length)))
        pending = pending.subarray(length)
      }
    },
    end: () => [],
  }
}

/** @returns nothing while the prelude has not come */
function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < PRELUDE_BYTES) return undefined
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw damaged()
  const length = bytes.readUInt32BE(0)
  if (length < PRELUDE_BYTES + CHECKSUM_BYTES || length > LONGEST_MESSAGE_BYTES) throw damaged()
  return length
}

function readMessage(message: Buffer): StreamEvent {
  const end = message.length - CHECKSUM_BYTES
  const headersEnd = PRELUDE_BYTES + message.readUInt32BE(4)
  if (headersEnd > end) throw damaged()
  if (crc32(message.subarray(0, end)) !== message.readUInt32BE(end)) throw damaged()
  return {
    event: readText(message.subarray(PRELUDE_BYTES, headersEnd), ':event-type'),
    data: message.toString('utf8', headersEnd, end),
  }
}

/** Bytes of values by their type; those of the others are preceded by their length. */
const SIZES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 }
const BYTES = 6
const TEXT = 7

/** @returns the value of a header that is a text */
function readText(headers: Buffer, wanted: string): string | undefined {
  let at = 0
  while (at < headers.length) {
    const nameEnd = at + 1 + headers.readUInt8(at)
    const name = headers.toString('utf8', at + 1, nameEnd)
    const type = headers.readUInt8(nameEnd)
    at = nameEnd + 1
    if (type !== BYTES && type !== TEXT) {
      const size = SIZES[type]
      if (size === undefined) throw damaged()
      at += size
      continue
    }
    const start = at + 2
    at = start + headers.readUInt16BE(at)
    if (type === TEXT && name === wanted) return headers.toString('utf8', start, at)
  }
  return undefined
}

function damaged(): Error {
  return new Error('Cannot read a message of an Amazon event stream: it is damaged')
}
