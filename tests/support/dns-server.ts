import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

export type ZoneRecord = { readonly name?: string; readonly ttl?: number } & (
  | { readonly type: 'A'; readonly ip: string }
  /** Eight groups, none left out. */
  | { readonly type: 'AAAA'; readonly groups: readonly number[] }
  | { readonly type: 'CNAME'; readonly target: string }
  | {
      readonly type: 'SRV'
      readonly target: string
      readonly port: number
      readonly weight?: number
      readonly priority?: number
    }
)

/** How the server behaves; a test may change it at any time. */
export interface DnsZone {
  /** Records by lower-case name; a name that is not here does not exist. */
  readonly records: Record<string, readonly ZoneRecord[]>
  /** `silent`: no answer at all. `forged`: first one that answers another query. */
  mode: 'normal' | 'silent' | 'failing' | 'forged'
}

export interface TestDnsServer extends AsyncDisposable {
  readonly port: number
  readonly zone: DnsZone
  /** Queries received: `A x.test`, over TCP with ` (tcp)` behind it. */
  readonly queries: readonly string[]
}

const TYPE_NUMBERS = { A: 1, CNAME: 5, AAAA: 28, SRV: 33 } as const
const UDP_LIMIT = 512

/** A name server on a port of the system's choosing, UDP and TCP alike. */
export async function startDnsServer(
  records: Record<string, readonly ZoneRecord[]> = {},
): Promise<TestDnsServer> {
  const zone: DnsZone = { records, mode: 'normal' }
  const queries: string[] = []
  const { udp, tcp, port } = await listen()
  const connections = new Set<Socket>()

  udp.on('message', (query, client) => answerUdp(udp, client, query, { zone, queries }))
  tcp.on('connection', (socket) => {
    connections.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      const query = bytes.subarray(2)
      queries.push(`${describeQuery(query)} (tcp)`)
      const answer = answerTo(query, zone)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(answer.length)
      // In two parts, as a slow network may bring it.
      socket.write(Buffer.concat([length, answer.subarray(0, 5)]))
      setImmediate(() => socket.write(answer.subarray(5)))
    })
  })

  return {
    port,
    zone,
    queries,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy()
      udp.close()
      tcp.close()
      await once(tcp, 'close')
    },
  }
}

/** Finds a port that is free for both. */
async function listen(): Promise<{ udp: UdpSocket; tcp: Server; port: number }> {
  for (;;) {
    const tcp = createServer().listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port } = tcp.address() as AddressInfo
    const udp = createSocket('udp4')
    const { promise, resolve } = Promise.withResolvers<boolean>()
    udp.once('error', () => resolve(false))
    udp.bind(port, '127.0.0.1', () => resolve(true))
    if (await promise) return { udp, tcp, port }
    tcp.close()
  }
}

function answerUdp(
  udp: UdpSocket,
  client: RemoteInfo,
  query: Buffer,
  { zone, queries }: { readonly zone: DnsZone; readonly queries: string[] },
): void {
  queries.push(describeQuery(query))
  if (zone.mode === 'silent') return
  if (zone.mode === 'forged') {
    const forged = answerTo(query, { ...zone, mode: 'normal' })
    forged.writeUInt16BE(forged.readUInt16BE(0) ^ 0xffff, 0)
    udp.send(forged, client.port, client.address)
  }
  const answer = answerTo(query, zone)
  if (answer.length <= UDP_LIMIT) {
    udp.send(answer, client.port, client.address)
    return
  }
  const truncated = Buffer.from(answer.subarray(0, UDP_LIMIT))
  truncated.writeUInt16BE(truncated.readUInt16BE(2) | 0x0200, 2)
  udp.send(truncated, client.port, client.address)
}

function describeQuery(query: Buffer): string {
  const { name, type } = readQuestion(query)
  const entry = Object.entries(TYPE_NUMBERS).find(([, number]) => number === type)
  return `${entry?.[0] ?? type} ${name}`
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let offset = 12
  for (let size = query[offset]!; size !== 0; size = query[offset]!) {
    labels.push(query.toString('latin1', offset + 1, offset + 1 + size))
    offset += size + 1
  }
  return { name: labels.join('.'), type: query.readUInt16BE(offset + 1), end: offset + 5 }
}

function answerTo(query: Buffer, zone: DnsZone): Buffer {
  const { name, type, end } = readQuestion(query)
  const records = zone.records[name.toLowerCase()]
  const matching = (records ?? []).filter(
    (record) => TYPE_NUMBERS[record.type] === type || record.type === 'CNAME' || record.name,
  )
  const head = Buffer.from(query.subarray(0, 12))
  const code = zone.mode === 'failing' ? 2 : records === undefined ? 3 : 0
  head.writeUInt16BE(0x8180 | code, 2)
  const answers = code === 0 ? matching : []
  head.writeUInt16BE(answers.length, 6)
  const encoded = answers.map((record) => encodeRecord(record.name ?? name, record))
  return Buffer.concat([head, query.subarray(12, end), ...encoded])
}

function encodeRecord(owner: string, record: ZoneRecord): Buffer {
  const content = encodeContent(record)
  const middle = Buffer.alloc(10)
  middle.writeUInt16BE(TYPE_NUMBERS[record.type], 0)
  middle.writeUInt16BE(1, 2)
  middle.writeUInt32BE(record.ttl ?? 60, 4)
  middle.writeUInt16BE(content.length, 8)
  return Buffer.concat([encodeName(owner), middle, content])
}

function encodeContent(record: ZoneRecord): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.ip.split('.').map(Number))
    case 'AAAA':
      return Buffer.from(record.groups.flatMap((group) => [group >> 8, group & 0xff]))
    case 'CNAME':
      return encodeName(record.target)
    case 'SRV': {
      const numbers = Buffer.alloc(6)
      numbers.writeUInt16BE(record.priority ?? 1, 0)
      numbers.writeUInt16BE(record.weight ?? 1, 2)
      numbers.writeUInt16BE(record.port, 4)
      return Buffer.concat([numbers, encodeName(record.target)])
    }
  }
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(label, 'latin1')
    return Buffer.concat([Buffer.from([bytes.length]), bytes])
  })
  return Buffer.concat([...labels, Buffer.from([0])])
}
