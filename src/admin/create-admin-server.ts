import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import { reasonPhrase } from '../http/reason-phrases.ts'
import { accessRefusal, type Reach, type Visitor } from './access.ts'
import { htmlPage, UNEXPECTED, wholeOf, type AdminAnswer, type Content } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { adminResources } from './admin-resources.ts'
import { newApiServer, type ApiServer, type ApiServerOptions } from './api-server.ts'
import { writtenAnswer, type ServedContext } from './answer-head.ts'
import { BAD_REQUEST, dispatch, unknownMethodAnswer } from './dispatch.ts'
import { inTime } from './in-time.ts'
import type { Resource } from './resource.ts'
import { resourceTable, type ResourceTable } from './resource-table.ts'
import { statusResources } from './status-resources.ts'

export interface AdminServerOptions extends ApiServerOptions {
  /** One that is there already, whose owner hands its requests to `app.routing`. */
  readonly server?: ApiServer
  /** Absent: this machine alone can. */
  readonly reach?: Reach
}

export interface AdminServer {
  /** The server itself: for `inject` in tests, and to be called with requests of other sockets. */
  readonly app: FastifyInstance
  /** @returns the port, which the system chose where 0 was asked for */
  listen(options: { readonly host: string; readonly port: number }): Promise<number>
  close(): Promise<void>
}

/** Makes a server of the Admin API. Several may serve the same context on several addresses. */
export function createAdminServer(
  context: AdminContext,
  options: AdminServerOptions = {},
): AdminServer {
  return createApiServer(context, adminResources(context), options)
}

/** Makes a server of the Status API: what monitoring may ask, without leave to change anything. */
export function createStatusServer(
  context: AdminContext,
  options: AdminServerOptions = {},
): AdminServer {
  return createApiServer(
    { ...context, guiOrigins: 'none', access: () => ({}) },
    statusResources(context),
    options,
  )
}

function createApiServer(
  context: ServedContext,
  resources: readonly Resource[],
  options: AdminServerOptions,
): AdminServer {
  const table = resourceTable(resources)
  const app = newApp(context, table, options)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const { reach = 'machine' } = options
  app.addHook('onRequest', (request, reply, next) => {
    const refusal = hostFault(request) ?? accessRefusal(context.access(reach), visitorOf(request))
    if (refusal === undefined) next()
    else send(context, reply, refusal)
  })
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    send(context, reply, await dispatch(table, rawRequest(request), context.log))
  }
  app.route({ method: [...app.supportedMethods], url: '*', handler: answer })
  app.setNotFoundHandler(answer)
  app.setErrorHandler((error: { readonly statusCode?: number }, _request, reply) => {
    send(context, reply, errorAnswer(error, context))
  })
  return {
    app,
    async listen({ host, port }) {
      await app.listen({ host, port })
      const address = app.server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    },
    close: () => inTime(app.close()),
  }
}

function newApp(
  context: ServedContext,
  table: ResourceTable,
  options: AdminServerOptions,
): FastifyInstance {
  return Fastify({
    bodyLimit: context.bodyLimitBytes,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    // Paths are matched by the table of resources; fastify sees all requests as one route.
    rewriteUrl: () => '/',
    // What it would load to check and write bodies by schemas is large, and none are given to it.
    schemaController: {
      compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas },
    },
    clientErrorHandler: (error: ParserError, socket: Socket) =>
      refuseUnparsed(context, table, error, socket),
    serverFactory: (handler: RequestListener) =>
      options.server ?? newApiServer(options).on('request', handler),
  } as unknown as FastifyServerOptions)
}

function noSchemas(): never {
  throw new TypeError('Cannot use schemas: the resources check what they are given')
}

/**
 * A second host could be the one that somebody else has looked at.
 *
 * @see RFC 9112 §3.2, RFC 9113 §8.3.1
 */
function hostFault({ raw }: FastifyRequest): AdminAnswer | undefined {
  const hosts = headerValues(raw, 'host')
  const authority = headerValues(raw, ':authority')
  const isOne = hosts.length + authority.length <= 1
  return isOne || (hosts.length === 1 && hosts[0] === authority[0]) ? undefined : BAD_REQUEST
}

function visitorOf({ raw, headers }: FastifyRequest): Visitor {
  const { authorization, origin, host } = headers
  const adminToken = headers['kong-admin-token']
  return {
    method: raw.method ?? 'GET',
    peer: raw.socket.remoteAddress,
    host: host ?? String(headers[':authority'] ?? ''),
    origin,
    authorization,
    adminToken: typeof adminToken === 'string' ? adminToken : undefined,
    certificate: certificateOf(raw.socket as Partial<TLSSocket>),
  }
}

/** A verdict alone is not enough: Node may find nothing wrong where there was no certificate to look at. */
function certificateOf(socket: Partial<TLSSocket>): Visitor['certificate'] {
  if (socket.encrypted !== true) return undefined
  if (Object.keys(socket.getPeerCertificate?.() ?? {}).length === 0) return 'none'
  return socket.authorized === true ? 'trusted' : 'untrusted'
}

function rawRequest(request: FastifyRequest): Parameters<typeof dispatch>[1] {
  const { raw, headers } = request
  return {
    method: raw.method ?? 'GET',
    target: request.originalUrl,
    contentTypes: headerValues(raw, 'content-type'),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    requestedHeaders: headers['access-control-request-headers'],
  }
}

function headerValues(raw: IncomingMessage, name: string): readonly string[] {
  const values: string[] = []
  for (let at = 0; at < raw.rawHeaders.length; at += 2)
    if (raw.rawHeaders[at]!.toLowerCase() === name) values.push(raw.rawHeaders[at + 1]!)
  return values
}

/** Writes past fastify, so that header names keep their case and nothing is added. */
function send(context: ServedContext, reply: FastifyReply, answer: AdminAnswer): void {
  const { request } = reply
  const raw: ServerResponse = reply.raw
  const isHttp2 = request.raw.httpVersionMajor === 2
  const nowMs = Date.now()
  const { status, headers, body } = writtenAnswer(answer, context, {
    origin: request.headers.origin,
    startedMs: nowMs - reply.elapsedTime,
    nowMs,
    isKeptAlive: isHttp2 ? undefined : raw.shouldKeepAlive,
  })
  reply.hijack()
  if (isHttp2) raw.writeHead(status, headers)
  else raw.writeHead(status, reasonPhrase(status), headers)
  if (request.raw.method === 'HEAD') raw.end()
  else endWith(raw, body)
}

function endWith(raw: ServerResponse, body: Content): void {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return void raw.end(body)
  for (const piece of body) raw.write(piece)
  raw.end()
}

function errorAnswer(error: { readonly statusCode?: number }, context: ServedContext): AdminAnswer {
  const status = error.statusCode ?? 500
  if (status === 413) return htmlPage(413, 'Request Entity Too Large')
  if (status === 415) return htmlPage(415, 'Unsupported Media Type')
  if (status < 500) return BAD_REQUEST
  context.log.error('Cannot answer a request to the Admin API', error)
  return UNEXPECTED
}

interface ParserError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

const REQUEST_LINE = /^[A-Za-z!#$%&'*+.^_`|~0-9-]+ (\/[^\s]*) HTTP\/1\.[01]\r?\n/

/**
 * Answers what Node's parser refuses. Methods it does not know are answered as others that the
 * address has not; all else is a bad request. The connection ends, since where the next request
 * would begin is not known.
 */
function refuseUnparsed(
  context: ServedContext,
  table: ResourceTable,
  error: ParserError,
  socket: Socket,
): void {
  if (socket.destroyed || !socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const line = REQUEST_LINE.exec(error.rawPacket?.toString('latin1') ?? '')
  const isMethod = error.code === 'HPE_INVALID_METHOD' && line !== null
  const answer = isMethod
    ? unknownMethodAnswer(table.match(line[1]!.split('?', 1)[0]!))
    : errorOfParser(error.code)
  const nowMs = Date.now()
  const written = writtenAnswer(answer, context, {
    origin: undefined,
    startedMs: nowMs,
    nowMs,
    // Said as Kong says it for an unknown method, though the connection ends all the same.
    isKeptAlive: isMethod,
  })
  const head = Object.entries(written.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(
    `HTTP/1.1 ${written.status} ${reasonPhrase(written.status)}\r\n${head.join('')}\r\n${wholeOf(written.body).toString()}`,
  )
}

function errorOfParser(code: string | undefined): AdminAnswer {
  if (code === 'HPE_HEADER_OVERFLOW') return htmlPage(400, 'Request Header Or Cookie Too Large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return htmlPage(408, 'Request Time-out')
  return BAD_REQUEST
}
