import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createConnection, isIPv6 } from 'node:net'
import '../../base/buffer-slices.ts'
import { decodeResponse, encodeQuery } from './dns-message.ts'
import type { DnsQuestion, DnsResponse, QueryType } from './dns-message.ts'

export interface DnsServer {
  readonly ip: string
  readonly port: number
}

/** Asks one server once. Rejects with an error that says why when there is no answer in time. */
export type AskServer = (
  server: DnsServer,
  query: { readonly name: string; readonly type: QueryType },
  timeoutMs: number,
) => Promise<DnsResponse>

/**
 * Asks over UDP, and over TCP when the answer did not fit. Each question has a socket of its own, so
 * that port and id are both unpredictable, and only the server's own datagrams are read.
 */
export const askServer: AskServer = async (server, query, timeoutMs) => {
  const question: DnsQuestion = { id: randomInt(0x10000), name: query.name, type: query.type }
  const message = encodeQuery(question)
  if (message === undefined) return { responseCode: NAME_ERROR, isTruncated: false, answers: [] }
  const response = await askByUdp({ server, question, message, timeoutMs })
  return response.isTruncated ? askByTcp({ server, question, message, timeoutMs }) : response
}

/** A name that cannot be asked for does not exist. */
const NAME_ERROR = 3

interface Query {
  readonly server: DnsServer
  readonly question: DnsQuestion
  readonly message: Buffer
  readonly timeoutMs: number
}

function askByUdp({ server, question, message, timeoutMs }: Query): Promise<DnsResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<DnsResponse>()
  const socket = createSocket(isIPv6(server.ip) ? 'udp6' : 'udp4')
  // A question under way does not keep a process alive that is otherwise done.
  socket.unref()
  const timer = setTimeout(() => reject(timeout('UDP', server)), timeoutMs).unref()
  socket.on('error', (error) => reject(failure('UDP', server, error)))
  socket.on('message', (bytes) => {
    try {
      const response = decodeResponse(bytes, question)
      if (response !== undefined) resolve(response)
    } catch (error) {
      reject(failure('UDP', server, error))
    }
  })
  socket.connect(server.port, server.ip, () => {
    socket.send(message, (error) => {
      if (error !== null) reject(failure('UDP', server, error))
    })
  })
  return promise.finally(() => {
    clearTimeout(timer)
    socket.close()
  })
}

/** Over TCP a message is led by its length in two bytes. @see RFC 1035 §4.2.2 */
function askByTcp({ server, question, message, timeoutMs }: Query): Promise<DnsResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<DnsResponse>()
  const socket = createConnection(server.port, server.ip)
  socket.unref()
  const timer = setTimeout(() => reject(timeout('TCP', server)), timeoutMs).unref()
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  socket.write(Buffer.concat([length, message]))
  let received = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
    try {
      const response = decodeResponse(received.subarray(2, 2 + received.readUInt16BE(0)), question)
      if (response === undefined)
        reject(failure('TCP', server, 'the answer is to another question'))
      else resolve({ ...response, isTruncated: false })
    } catch (error) {
      reject(failure('TCP', server, error))
    }
  })
  socket.on('error', (error) => reject(failure('TCP', server, error)))
  socket.on('close', () => reject(failure('TCP', server, 'closed')))
  return promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}

function timeout(protocol: 'UDP' | 'TCP', server: DnsServer): Error {
  return failure(protocol, server, 'timeout')
}

function failure(protocol: 'UDP' | 'TCP', server: DnsServer, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(
    `failed to receive reply from ${protocol} server ${server.ip}:${server.port}: ${reason}`,
    { cause },
  )
}
