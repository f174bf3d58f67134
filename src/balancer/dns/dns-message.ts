/** Numbers of the record types that are asked for. */
const RECORD_TYPES = { A: 1, CNAME: 5, AAAA: 28, SRV: 33 } as const

export type QueryType = 'A' | 'AAAA' | 'SRV'

interface RecordHead {
  /** Lower case, without the dot at the end. */
  readonly name: string
  readonly ttlSeconds: number
}

export type DnsRecord = RecordHead &
  (
    | { readonly type: 'A' | 'AAAA'; readonly ip: string }
    | { readonly type: 'CNAME'; readonly target: string }
    | {
        readonly type: 'SRV'
        readonly target: string
        readonly port: number
        readonly weight: number
        readonly priority: number
      }
  )

export interface DnsResponse {
  readonly responseCode: number
  readonly isTruncated: boolean
  /** Answer section, records of other types left out. */
  readonly answers: readonly DnsRecord[]
}

export interface DnsQuestion {
  readonly id: number
  readonly name: string
  readonly type: QueryType
}

const HEADER_BYTES = 12
const CLASS_INTERNET = 1
const RECURSION_DESIRED = 0x0100

/**
 * A query for one name and type, recursion desired.
 * @returns nothing when the name cannot be written as a DNS name
 * @see RFC 1035 §4.1
 */
export function encodeQuery({ id, name, type }: DnsQuestion): Buffer | undefined {
  const labels = name.split('.')
  const parts: Buffer[] = []
  for (const label of labels) {
    const bytes = Buffer.from(label, 'latin1')
    if (bytes.length === 0 || bytes.length > 63 || /[^!-~]/.test(label)) return undefined
    parts.push(Buffer.from([bytes.length]), bytes)
  }
  const encodedName = Buffer.concat([...parts, Buffer.from([0])])
  if (encodedName.length > 255) return undefined
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt16BE(id, 0)
  head.writeUInt16BE(RECURSION_DESIRED, 2)
  head.writeUInt16BE(1, 4)
  const tail = Buffer.alloc(4)
  tail.writeUInt16BE(RECORD_TYPES[type], 0)
  tail.writeUInt16BE(CLASS_INTERNET, 2)
  return Buffer.concat([head, encodedName, tail])
}

/**
 * Reads the response to a question.
 * @returns nothing when the message answers another question, so that waiting goes on
 * @throws {RangeError} when it is cut off or its names run in circles
 */
export function decodeResponse(message: Buffer, question: DnsQuestion): DnsResponse | undefined {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== question.id) return undefined
  const flags = message.readUInt16BE(2)
  const isResponse = (flags & 0x8000) !== 0 && (flags & 0x7800) === 0
  if (!isResponse || message.readUInt16BE(4) !== 1) return undefined
  const asked = readName(message, HEADER_BYTES)
  const isSameQuestion =
    asked.name === question.name.toLowerCase() &&
    message.readUInt16BE(asked.end) === RECORD_TYPES[question.type] &&
    message.readUInt16BE(asked.end + 2) === CLASS_INTERNET
  if (!isSameQuestion) return undefined
  const isTruncated = (flags & 0x0200) !== 0
  return {
    responseCode: flags & 0x000f,
    isTruncated,
    // What came of a truncated answer is asked for again as a whole.
    answers: isTruncated ? [] : readAnswers(message, asked.end + 4),
  }
}

function readAnswers(message: Buffer, start: number): DnsRecord[] {
  const answers: DnsRecord[] = []
  let offset = start
  for (let left = message.readUInt16BE(6); left > 0; left -= 1) {
    const owner = readName(message, offset)
    const type = message.readUInt16BE(owner.end)
    const recordClass = message.readUInt16BE(owner.end + 2)
    const ttl = message.readUInt32BE(owner.end + 4)
    const dataStart = owner.end + 10
    const dataLength = message.readUInt16BE(owner.end + 8)
    offset = dataStart + dataLength
    if (offset > message.length) throw new RangeError('Cannot read DNS record: it is cut off')
    if (recordClass !== CLASS_INTERNET) continue
    // A TTL with the top bit set counts as 0. @see RFC 2181 §8
    const head = { name: owner.name, ttlSeconds: ttl > 0x7fff_ffff ? 0 : ttl }
    const record = readRecord(message, { type, head, dataStart, dataLength })
    if (record !== undefined) answers.push(record)
  }
  return answers
}

interface RawRecord {
  readonly type: number
  readonly head: RecordHead
  readonly dataStart: number
  readonly dataLength: number
}

function readRecord(message: Buffer, raw: RawRecord): DnsRecord | undefined {
  const { type, head, dataStart, dataLength } = raw
  switch (type) {
    case RECORD_TYPES.A:
      if (dataLength !== 4) return undefined
      return { ...head, type: 'A', ip: message.subarray(dataStart, dataStart + 4).join('.') }
    case RECORD_TYPES.AAAA:
      if (dataLength !== 16) return undefined
      return { ...head, type: 'AAAA', ip: ipv6Text(message.subarray(dataStart, dataStart + 16)) }
    case RECORD_TYPES.CNAME:
      return { ...head, type: 'CNAME', target: readName(message, dataStart).name }
    case RECORD_TYPES.SRV:
      if (dataLength < 7) return undefined
      return {
        ...head,
        type: 'SRV',
        priority: message.readUInt16BE(dataStart),
        weight: message.readUInt16BE(dataStart + 2),
        port: message.readUInt16BE(dataStart + 4),
        target: readName(message, dataStart + 6).name,
      }
    default:
      return undefined
  }
}

/** Reads a name with its compression pointers, each of which must point further back. */
function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let offset = start
  let end = -1
  let lowest = start
  let length = 0
  for (;;) {
    const size = message.readUInt8(offset)
    if (size === 0) break
    if (size >= 0xc0) {
      const target = message.readUInt16BE(offset) & 0x3fff
      if (target >= lowest) throw new RangeError('Cannot read DNS name: it runs in a circle')
      if (end === -1) end = offset + 2
      lowest = target
      offset = target
      continue
    }
    length += size + 1
    if (size > 63 || length > 254 || offset + 1 + size > message.length)
      throw new RangeError('Cannot read DNS name: it is cut off or too long')
    labels.push(message.latin1Slice(offset + 1, offset + 1 + size))
    offset += size + 1
  }
  return { name: labels.join('.').toLowerCase(), end: end === -1 ? offset + 1 : end }
}

/** Text of an address, longest run of zeros shortened. @see RFC 5952 §4 */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  const runs = groups.join(':').match(/\b0(?::0)+\b/g) ?? []
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  if (longest === '') return groups.join(':')
  const text = groups.join(':')
  const at = text.search(new RegExp(`\\b${longest}\\b`))
  const before = text.slice(0, at).replace(/:$/, '')
  const after = text.slice(at + longest.length).replace(/^:/, '')
  return `${before}::${after}`
}
