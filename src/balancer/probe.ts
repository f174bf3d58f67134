import type { ClientRequest, RequestOptions } from 'node:http'
import { connect as connectTcp, isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { nodeHttp, nodeHttp2, nodeHttps } from '../base/late-modules.ts'
import type { Healthchecks } from '../entities/entity.ts'
import { urlHost } from './host-name.ts'
import type { PeerOutcome } from './peer.ts'

/** One active check of one address. */
export interface ProbeRequest {
  readonly type: Healthchecks['active']['type']
  readonly ip: string
  readonly port: number
  /** Value of `Host`. */
  readonly hostHeader: string
  readonly path: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** Name to ask for and to find in the certificate. */
  readonly serverName: string
  readonly verifiesCertificate: boolean
  readonly clientCertificate: ClientCertificate | undefined
  readonly timeoutMs: number
}

/** PEM texts. */
export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

/**
 * Resolves to `ok` without a status when a connection is all that was asked for; rejects only when
 * there can be no such request.
 */
export type Probe = (request: ProbeRequest) => Promise<PeerOutcome>

/** @param trusted PEM texts of authorities; none: those that Node brings */
export function createProbe(trusted: readonly string[] = []): Probe {
  return (request) => {
    switch (request.type) {
      case 'tcp':
        return probeTcp(request)
      case 'http':
        return probeHttp(request, (options) => nodeHttp().request(options))
      case 'https':
        return probeHttp(request, (options) =>
          nodeHttps().request({ ...options, ...tlsOptions(request, trusted) }),
        )
      case 'grpc':
      case 'grpcs':
        return probeHttp2(request, trusted)
    }
  }
}

function probeTcp({ ip, port, timeoutMs }: ProbeRequest): Promise<PeerOutcome> {
  return settle(timeoutMs, (resolve) => {
    const socket = connectTcp({ host: ip, port })
    socket.on('connect', () => resolve({ kind: 'ok' }))
    socket.on('error', () => resolve({ kind: 'connect-failed' }))
    return () => socket.destroy()
  })
}

function probeHttp(
  probe: ProbeRequest,
  send: (options: RequestOptions) => ClientRequest,
): Promise<PeerOutcome> {
  return settle(probe.timeoutMs, (resolve) => {
    const headers = { Host: probe.hostHeader, Connection: 'close', ...plain(probe.headers) }
    const { ip: host, port, path } = probe
    const request = send({ host, port, path, headers, agent: false, setHost: false })
    request.on('response', (response) => resolve({ kind: 'ok', status: response.statusCode ?? 0 }))
    let isConnected = false
    request.on('socket', (socket) =>
      socket.once('connect', () => {
        isConnected = true
      }),
    )
    request.on('error', () => resolve({ kind: isConnected ? 'broken' : 'connect-failed' }))
    request.end()
    return () => request.destroy()
  })
}

/** A gRPC server is well when it speaks HTTP/2: its settings come first. @see RFC 9113 §3.4 */
function probeHttp2(probe: ProbeRequest, trusted: readonly string[]): Promise<PeerOutcome> {
  return settle(probe.timeoutMs, (resolve) => {
    const scheme = probe.type === 'grpcs' ? 'https' : 'http'
    const authority = `${scheme}://${urlHost(probe.ip)}:${probe.port}`
    const session = nodeHttp2().connect(authority, tlsOptions(probe, trusted))
    session.on('remoteSettings', () => resolve({ kind: 'ok' }))
    session.on('error', () => resolve({ kind: 'connect-failed' }))
    session.on('close', () => resolve({ kind: 'broken' }))
    return () => session.destroy()
  })
}

/**
 * Runs a probe until it says how it went or time is up, then ends it.
 * @throws when the request cannot even be written down, as with a line break in a header
 */
async function settle(
  timeoutMs: number,
  start: (resolve: (outcome: PeerOutcome) => void) => () => void,
): Promise<PeerOutcome> {
  const { promise, resolve } = Promise.withResolvers<PeerOutcome>()
  const end = start(resolve)
  const timer = setTimeout(() => resolve({ kind: 'timed-out' }), timeoutMs)
  const outcome = await promise
  clearTimeout(timer)
  end()
  return outcome
}

function tlsOptions(probe: ProbeRequest, trusted: readonly string[]): ConnectionOptions {
  const { serverName, verifiesCertificate, clientCertificate } = probe
  return {
    // An address is no server name, but it may stand in a certificate: the host is checked then.
    servername: isIP(serverName) === 0 ? serverName : '',
    rejectUnauthorized: verifiesCertificate,
    ...(trusted.length === 0 ? {} : { ca: [...trusted] }),
    ...clientCertificate,
  }
}

function plain(headers: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]))
}
