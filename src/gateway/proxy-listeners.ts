import type { SecureContextOptions } from 'node:tls'
import { timerLimit } from '../base/timer-limit.ts'
import { ConnectionCaps, type ConnectionCount } from '../proxy/connection-caps.ts'
import type { ProxyContext } from '../proxy/context.ts'
import type { ListenOptions } from '../proxy/listen.ts'
import { startListener, type Listener } from '../proxy/listener.ts'
import type { ClientVerification, ServerTls } from '../proxy/server-tls.ts'
import type { SessionStore } from '../proxy/transport/sockets.ts'
import type { Listener as ListenerSettings } from '../settings/listener.ts'
import type { CertificateIndex } from './certificate-index.ts'
import { bindFault } from './check-ports.ts'
import { connectionCount, sessionStore } from './inbound-share.ts'
import { keepAliveOf } from './keep-alive-of.ts'
import { StartFault } from './start-fault.ts'
import type { TicketKeys } from './ticket-keys.ts'
import { sessionSeconds, tlsRules } from './tls-rules.ts'
import type { InForceSettings, WorkerStart } from './worker-messages.ts'

/** A port by the text of its listener; those the system chose are in it too. */
export type PortsByListener = ReadonlyMap<string, number>

interface Running {
  readonly listener: Listener
  /** Whether it was opened under these settings; else it must be opened anew for others. */
  readonly text: string
}

export interface ProxyListenersOptions {
  readonly context: ProxyContext
  readonly certificates: CertificateIndex
  /** The contexts of {@link certificates} are made with them too. */
  readonly tickets: TicketKeys
  readonly start: Pick<WorkerStart, 'index' | 'settings' | 'inbound'>
}

/** The listening sockets of one worker. Those that stay over a reload are not touched. */
export class ProxyListeners {
  readonly #options: ProxyListenersOptions
  readonly #sessions: SessionStore | undefined
  readonly #count: ConnectionCount
  #running = new Map<string, Running>()
  #inForce: InForceSettings | undefined
  #renewal: NodeJS.Timeout | undefined

  constructor(options: ProxyListenersOptions) {
    const { settings, inbound } = options.start
    this.#options = options
    this.#sessions = sessionStore(inbound.sessions, sessionSeconds(settings))
    this.#count = connectionCount(inbound.connections)
    this.#renewAfterPeriod()
  }

  /** Makes new contexts with the keys for sessions that are due then. */
  #renewAfterPeriod(): void {
    const { tickets, certificates } = this.#options
    const restMs = Math.max(tickets.endsAtMs - Date.now(), 0)
    this.#renewal = setTimeout(
      () => {
        if (Date.now() >= tickets.endsAtMs) {
          certificates.renew()
          if (this.#inForce !== undefined) this.#renewTls(this.#inForce)
        }
        this.#renewAfterPeriod()
      },
      timerLimit(restMs + 1),
    ).unref()
  }

  #renewTls(inForce: InForceSettings): void {
    for (const { listener } of this.#running.values()) listener.renewTls(this.#tlsOptions(inForce))
  }

  /**
   * Listens where the settings say, and nowhere else. What is new is opened first; when that
   * fails, what was there goes on.
   *
   * @param ports those other workers have, where the system chose them
   * @returns the ports in the order of the settings
   * @throws {StartFault} when an address cannot be had
   */
  async update(
    inForce: InForceSettings,
    ports: PortsByListener | undefined,
  ): Promise<PortsByListener> {
    const { settings } = inForce
    const next = new Map<string, Running>()
    const opened: Listener[] = []
    for (const listener of settings.listeners.proxy) {
      // Unix sockets cannot be shared as ports can.
      if (listener.path !== undefined && this.#options.start.index !== 0) continue
      const text = textOf(listener)
      const running = this.#running.get(text)
      if (running !== undefined) {
        running.listener.renewTls(this.#tlsOptions(inForce))
        next.set(text, running)
        continue
      }
      const port = ports?.get(text) ?? listener.port
      try {
        this.#checkPath(listener)
        const options = this.#listenOptions(inForce, listener, port)
        const started = await startListener(options, this.#options.context)
        opened.push(started)
        next.set(text, { listener: started, text })
      } catch (error) {
        await Promise.all(opened.map((started) => started.close()))
        if (error instanceof StartFault) throw error
        throw bindFault(error as NodeJS.ErrnoException, listener.ip, port)
      }
    }
    const gone = [...this.#running.values()].filter(({ text }) => !next.has(text))
    this.#running = next
    this.#inForce = inForce
    const timeoutMs = timerLimit(settings.graceful_timeout * 1000)
    // Not awaited: their exchanges may take their time.
    for (const { listener } of gone) void listener.drain(timeoutMs)
    return new Map([...next].map(([text, { listener }]) => [text, listener.port]))
  }

  /** @throws {StartFault} for a path that is listened on already, under other flags */
  #checkPath({ path }: ListenerSettings): void {
    if (path === undefined) return
    const start = `unix:${path}`
    for (const text of this.#running.keys())
      if (text.split(' ')[0] === start)
        throw new StartFault(`${start} cannot change its flags while it is listened on: restart`)
  }

  /** @param timeoutMs 0: cuts everything off at once */
  async close(timeoutMs: number): Promise<void> {
    clearTimeout(this.#renewal)
    const listeners = [...this.#running.values()].map(({ listener }) => listener)
    await Promise.all(
      listeners.map((listener) =>
        timeoutMs === 0 ? listener.close() : listener.drain(timerLimit(timeoutMs)),
      ),
    )
  }

  #listenOptions(
    inForce: InForceSettings,
    listener: ListenerSettings,
    port: number,
  ): ListenOptions {
    const { settings } = inForce
    return {
      host: listener.ip,
      port,
      path: listener.path,
      // Workers share the port, and so does the one that takes another's place.
      reusePort: true,
      backlog: listener.backlog,
      ipv6Only: listener.ipv6Only,
      keepAlive: keepAliveOf(listener.keepAlive),
      http2: listener.http2,
      proxyProtocol: listener.proxyProtocol,
      caps: this.#capsOf(listener),
      publicPort: settings.hostPorts.get(port),
      tls: listener.ssl ? this.#serverTls(inForce) : undefined,
    }
  }

  #capsOf(listener: ListenerSettings): ConnectionCaps {
    const { context } = this.#options
    return new ConnectionCaps({
      name: String(listener.shown['listener']),
      count: this.#count,
      limits: () => context.limits,
      warn: (message) => context.log.warn(message),
    })
  }

  #serverTls(inForce: InForceSettings): ServerTls {
    const { certificates } = this.#options
    return {
      options: this.#tlsOptions(inForce),
      contextFor: (serverName) => certificates.contextFor(serverName),
      verifyClient: inForce.settings.nginx_proxy_ssl_verify_client as ClientVerification,
      sessions: this.#sessions,
    }
  }

  #tlsOptions({ settings, certificates }: InForceSettings): SecureContextOptions {
    return {
      ...tlsRules(settings, this.#options.tickets.keys(Date.now())),
      cert: certificates.proxy.map(({ certificate }) => certificate),
      key: certificates.proxy.map(({ key }) => key),
    }
  }
}

/** HTTP/2 may be turned on by another entry, so the text as shown does not tell all. */
function textOf(listener: ListenerSettings): string {
  return `${String(listener.shown['listener'])}${listener.http2 ? ' http2' : ''}`
}
