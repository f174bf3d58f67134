import type { Agent as HttpAgent, request as httpRequest, RequestOptions } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type SecureContextOptions } from 'node:tls'
import { nodeHttp, nodeHttps } from '../base/late-modules.ts'
import type { CertificatePem } from './plugin.ts'

/** How calls of one plugin instance are made; all of them share connections. */
export interface CallerOptions {
  /** Without a byte for so long a call fails. */
  readonly timeoutMs: number
  /** How long an idle connection is kept. Absent: none is kept. */
  readonly keepAliveMs?: number | undefined
  /** Whether the certificate of the other side is checked. */
  readonly verifiesTls: boolean
  /** What the other side is shown in a handshake, as PEM. */
  readonly clientCertificate?: CertificatePem | undefined
  /** Proxies to go through, by the scheme of the call. */
  readonly httpProxy?: ForwardProxy | undefined
  readonly httpsProxy?: ForwardProxy | undefined
  /** Whether a call goes straight to its URL, whatever proxies there are. */
  readonly bypassesProxies?: ((url: URL) => boolean) | undefined
  /** Finds addresses, and may refuse some. Not asked about hosts that are addresses. */
  readonly lookup?: LookupFunction | undefined
}

export interface ForwardProxy {
  readonly host: string
  readonly port: number
  /** The value of `Proxy-Authorization`. */
  readonly authorization?: string | undefined
}

export interface Call {
  /** Of scheme `http:` or `https:`. */
  readonly url: URL
  readonly method: string
  /** Names as they are sent. `Host` and `Content-Length` are added. */
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body?: string | Uint8Array | undefined
  /** Ends the call. */
  readonly signal?: AbortSignal | undefined
}

export interface CallReply {
  readonly status: number
  /** As received, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** Asks other servers on behalf of a plugin; to be disposed with its instance. */
export interface HttpCaller {
  /** @throws when there is no whole answer in time, or it is longer than 64 MiB */
  call(call: Call): Promise<CallReply>
  dispose(): void
}

const REPLY_LIMIT_BYTES = 64 * 1024 * 1024

export function httpCaller(options: CallerOptions): HttpCaller {
  const { keepAliveMs, verifiesTls, httpProxy, httpsProxy } = options
  const kept = { keepAlive: keepAliveMs !== undefined, timeout: keepAliveMs ?? options.timeoutMs }
  let http: HttpAgent | undefined
  let https: HttpsAgent | undefined
  const httpAgent = () => (http ??= new (nodeHttp().Agent)(kept))
  const httpsAgent = () =>
    (https ??= new (nodeHttps().Agent)({
      ...kept,
      rejectUnauthorized: verifiesTls,
      ...shown(options),
    }))

  return {
    call(call) {
      const { url } = call
      const isDirect = options.bypassesProxies?.(url) ?? false
      if (url.protocol === 'https:')
        return httpsProxy === undefined || isDirect
          ? send(nodeHttps().request, call, { ...options, ...targetOf(url), agent: httpsAgent() })
          : callThrough(httpsProxy, call, options)
      if (httpProxy === undefined || isDirect)
        return send(nodeHttp().request, call, { ...options, ...targetOf(url), agent: httpAgent() })
      const { host, port } = httpProxy
      const headers = { ...call.headers, ...provenTo(httpProxy) }
      const target = { host, port, path: url.href.replace(/#.*/, '') }
      return send(
        nodeHttp().request,
        { ...call, headers },
        { ...options, ...target, agent: httpAgent() },
      )
    },
    dispose() {
      http?.destroy()
      https?.destroy()
    },
  }
}

function provenTo({ authorization }: ForwardProxy): Readonly<Record<string, string>> {
  return authorization === undefined ? {} : { 'Proxy-Authorization': authorization }
}

function targetOf(url: URL): RequestOptions & { host: string } {
  const isTls = url.protocol === 'https:'
  return {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
  }
}

function shown({ clientCertificate: shows }: CallerOptions): SecureContextOptions {
  return shows === undefined ? {} : { cert: shows.certificate, key: shows.key }
}

type Requester = typeof httpRequest

function send(
  requester: Requester,
  { url, method, headers, body = '', signal }: Call,
  { timeoutMs, ...options }: RequestOptions & Pick<CallerOptions, 'timeoutMs'>,
): Promise<CallReply> {
  const length = { 'Content-Length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const request = requester({
      ...options,
      method,
      timeout: timeoutMs,
      ...(signal && { signal }),
      headers: { Host: url.host, ...headers, ...length },
    })
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > REPLY_LIMIT_BYTES) response.destroy(new Error('The answer is too long'))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, rawHeaders } = response
        resolve({ status: statusCode, headers: pairs(rawHeaders), body: Buffer.concat(chunks) })
      })
    })
    request.on('timeout', () => request.destroy(new Error(`No answer within ${timeoutMs} ms`)))
    request.on('error', reject)
    request.end(body)
  })
}

function pairs(raw: readonly string[]): readonly (readonly [string, string])[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1]!] as const] : []))
}

/** A tunnel serves one call. */
async function callThrough(
  proxy: ForwardProxy,
  call: Call,
  options: CallerOptions,
): Promise<CallReply> {
  const tunnel = await tunnelTo(call.url, proxy, options)
  const target = { ...targetOf(call.url), createConnection: () => tunnel }
  return send(nodeHttps().request, call, { ...options, ...target })
}

/** A TLS connection through a proxy. @see RFC 9110 §9.3.6 */
function tunnelTo(url: URL, proxy: ForwardProxy, options: CallerOptions): Promise<Duplex> {
  const { timeoutMs, verifiesTls } = options
  const { host, port } = targetOf(url)
  const authority = `${url.hostname}:${port}`
  // An address is no server name. @see RFC 6066 §3
  const name = isIP(host) === 0 ? { servername: host } : {}
  return new Promise((resolve, reject) => {
    const request = nodeHttp().request({
      host: proxy.host,
      port: proxy.port,
      method: 'CONNECT',
      path: authority,
      headers: { Host: authority, ...provenTo(proxy) },
      timeout: timeoutMs,
      agent: false,
    })
    request.on('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode >= 200 && statusCode < 300)
        resolve(
          connectTls({ ...name, socket, host, rejectUnauthorized: verifiesTls, ...shown(options) }),
        )
      else {
        socket.destroy()
        reject(new Error(`The proxy ${proxy.host}:${proxy.port} answered ${statusCode}`))
      }
    })
    request.on('timeout', () =>
      request.destroy(new Error(`No answer of the proxy within ${timeoutMs} ms`)),
    )
    request.on('error', reject)
    request.end()
  })
}
