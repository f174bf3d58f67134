import type { IncomingMessage, ServerResponse } from 'node:http'
import type tls from 'node:tls'
import type { Reach } from '../admin/access.ts'
import type { LateAdminServer } from '../admin/late-admin-server.ts'
import { isBeyondMachine, type Listener } from '../settings/listener.ts'
import { accessLineFormat, requestPieces } from '../telemetry/access-line.ts'
import type { LineWriter } from '../telemetry/line-writer.ts'
import { bindFault } from './check-ports.ts'
import type { CertificatePem } from './listener-certificates.ts'

export interface AdminListenersOptions {
  /** Authorities of client certificates, in PEM; absent where none are asked for. */
  readonly clientCa?: string | undefined
  readonly accessLog: LineWriter
  /** Makes a server for one address. */
  readonly createServer: (options: ServerOptions) => LateAdminServer
}

interface ServerOptions {
  readonly tls?: Tls
  readonly http2?: boolean
  readonly reach: Reach
}

interface Tls {
  readonly key: string
  readonly cert: string
  readonly clientCa?: string | undefined
}

interface Running {
  readonly server: LateAdminServer
  readonly port: number
  readonly hasTls: boolean
}

/** The addresses of one of the control plane's servers. Those that stay over a reload are not touched. */
export class AdminListeners {
  readonly #options: AdminListenersOptions
  #running = new Map<string, Running>()

  constructor(options: AdminListenersOptions) {
    this.#options = options
  }

  get ports(): readonly number[] {
    return [...this.#running.values()].map(({ port }) => port)
  }

  /**
   * Listens on these addresses and nowhere else. What is new is opened first; when that fails, what
   * was there goes on.
   *
   * @throws {StartFault} when an address cannot be had
   */
  async update(
    listeners: readonly Listener[],
    certificates: readonly CertificatePem[],
  ): Promise<void> {
    const next = new Map<string, Running>()
    const opened: LateAdminServer[] = []
    try {
      for (const listener of listeners) {
        const text = String(listener.shown['listener'])
        const running = this.#running.get(text) ?? (await this.#open(listener, certificates))
        if (!this.#running.has(text)) opened.push(running.server)
        else if (running.hasTls) renewCertificate(running.server, certificates)
        next.set(text, running)
      }
    } catch (error) {
      await Promise.all(opened.map((server) => server.close()))
      throw error
    }
    const gone = [...this.#running].filter(([text]) => !next.has(text))
    this.#running = next
    await Promise.all(gone.map(([, { server }]) => server.close()))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ server }) => server.close()))
  }

  async #open(listener: Listener, certificates: readonly CertificatePem[]): Promise<Running> {
    const { ip, port, ssl, http2 } = listener
    const [pair] = certificates
    const hasTls = ssl && pair !== undefined
    const { clientCa } = this.#options
    const server = this.#options.createServer({
      reach: isBeyondMachine(listener) ? 'network' : 'machine',
      ...(hasTls && { tls: { key: pair.key, cert: pair.certificate, clientCa }, http2 }),
    })
    logRequests(server, this.#options.accessLog)
    try {
      return { server, port: await server.listen({ host: ip, port }), hasTls }
    } catch (error) {
      await server.close()
      throw bindFault(error as NodeJS.ErrnoException, ip, port)
    }
  }
}

function renewCertificate({ server }: LateAdminServer, [pair]: readonly CertificatePem[]): void {
  if (pair === undefined) return
  const withTls = server as unknown as tls.Server
  withTls.setSecureContext({ key: pair.key, cert: pair.certificate })
}

function logRequests({ server }: LateAdminServer, accessLog: LineWriter): void {
  const format = accessLineFormat()
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method, url, httpVersion, headers, socket } = request
    const clientIp = socket.remoteAddress ?? '-'
    response.once('close', () => {
      accessLog.write(
        format(
          requestPieces({
            clientIp,
            user: undefined,
            requestLine: `${method} ${url} HTTP/${httpVersion}`,
            referer: headers.referer,
            userAgent: headers['user-agent'],
          }),
          {
            status: response.statusCode,
            bodyBytes: Number(response.getHeader('content-length') ?? 0),
            requestId: undefined,
          },
          Date.now(),
        ),
      )
    })
  })
}
