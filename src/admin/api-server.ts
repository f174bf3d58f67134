import type http from 'node:http'
import { nodeHttp, nodeHttp2, nodeHttps } from '../base/late-modules.ts'

export interface ApiServerOptions {
  readonly tls?: {
    readonly key: string | Buffer
    readonly cert: string | Buffer
    /** Authorities of client certificates, which are asked for then. */
    readonly clientCa?: string | Buffer | undefined
  }
  /** HTTP/2 beside HTTP/1.1; only with TLS. */
  readonly http2?: boolean
}

/** A server of Node's; of HTTP/2 and TLS it differs in what is not used here. */
export type ApiServer = http.Server

/** As nginx has it: four buffers of 8 KiB. */
const MAX_HEAD_BYTES = 32 * 1024
const KEEP_ALIVE_MS = 75_000

/** Makes a server that listens nowhere yet and answers nothing. */
export function newApiServer(options: ApiServerOptions): ApiServer {
  const server = ofProtocol(options)
  server.keepAliveTimeout = KEEP_ALIVE_MS
  // Large configurations on slow lines take their time.
  server.requestTimeout = 0
  return server
}

/** What few listeners need is loaded where one does. */
function ofProtocol({ tls, http2: hasHttp2 }: ApiServerOptions): ApiServer {
  if (tls === undefined) return nodeHttp().createServer({ maxHeaderSize: MAX_HEAD_BYTES })
  const { clientCa, ...own } = tls
  const secure = {
    ...own,
    maxHeaderSize: MAX_HEAD_BYTES,
    // Who has none, or a bad one, is told so by an answer.
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
  }
  if (hasHttp2 !== true) return nodeHttps().createServer(secure)
  const server = nodeHttp2().createSecureServer({ ...secure, allowHTTP1: true })
  server.on('session', (session) => {
    session.setTimeout(KEEP_ALIVE_MS, () => session.close())
  })
  return server as unknown as ApiServer
}
