import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminServer } from '../admin/create-admin-server.ts'
import type { Listener } from '../settings/listener.ts'
import { accessLineFormat } from '../telemetry/access-line.ts'
import type { LineWriter } from '../telemetry/line-writer.ts'
import { bindFault } from './check-ports.ts'
import type { CertificatePem } from './listener-certificates.ts'

export interface AdminListening {
  readonly ports: readonly number[]
  close(): Promise<void>
}

export interface ServeAdminOptions {
  readonly listeners: readonly Listener[]
  readonly certificates: readonly CertificatePem[]
  readonly accessLog: LineWriter
  /** Makes a server for one address. */
  readonly createServer: (options: {
    readonly tls?: { readonly key: string; readonly cert: string }
    readonly http2?: boolean
  }) => AdminServer
}

/** Listens on all addresses of one of the control plane's servers. @throws {StartFault} */
export async function serveAdmin(options: ServeAdminOptions): Promise<AdminListening> {
  const { listeners, certificates, accessLog, createServer } = options
  const servers: AdminServer[] = []
  const ports: number[] = []
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()))
  }
  for (const { ip, port, ssl, http2 } of listeners) {
    const [pair] = certificates
    const tls = ssl && pair ? { tls: { key: pair.key, cert: pair.certificate }, http2 } : {}
    const server = createServer(tls)
    logRequests(server, accessLog)
    servers.push(server)
    try {
      ports.push(await server.listen({ host: ip, port }))
    } catch (error) {
      await close()
      throw bindFault(error as NodeJS.ErrnoException, ip, port)
    }
  }
  return { ports, close }
}

function logRequests({ app }: AdminServer, accessLog: LineWriter): void {
  const format = accessLineFormat()
  app.server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, url, httpVersion, headers, socket } = request
    const clientIp = socket.remoteAddress ?? '-'
    response.once('close', () => {
      accessLog.write(
        format(
          {
            clientIp,
            user: undefined,
            requestLine: `${method} ${url} HTTP/${httpVersion}`,
            status: response.statusCode,
            bodyBytes: Number(response.getHeader('content-length') ?? 0),
            referer: headers.referer,
            userAgent: headers['user-agent'],
            requestId: undefined,
          },
          Date.now(),
        ),
      )
    })
  })
}
