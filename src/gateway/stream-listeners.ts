import { timerLimit } from '../base/timer-limit.ts'
import { ConnectionCaps, type CapLimits, type ConnectionCount } from '../proxy/connection-caps.ts'
import { startStreamListener } from '../proxy/stream/start-stream-listener.ts'
import type { StreamListenOptions } from '../proxy/stream/start-stream-listener.ts'
import type { StreamContext } from '../proxy/stream/stream-context.ts'
import type { StreamListener } from '../proxy/stream/stream-listener.ts'
import type { ServerTls } from '../proxy/server-tls.ts'
import type { Listener as ListenerSettings } from '../settings/listener.ts'
import type { CertificateIndex } from './certificate-index.ts'
import { bindFault } from './check-ports.ts'
import { keepAliveOf } from './keep-alive-of.ts'
import type { PortsByListener } from './proxy-listeners.ts'
import { STREAM_KEY_PREFIX } from './stream-ports.ts'
import { tlsRules } from './tls-rules.ts'
import type { InForceSettings } from './worker-messages.ts'

export interface StreamListenersOptions {
  readonly context: StreamContext
  /** Counts of all workers, and how many connections there may be. */
  readonly count: ConnectionCount
  readonly capLimits: () => CapLimits
  readonly certificates: CertificateIndex
  /** Unix sockets cannot be shared as ports can: one worker has them. */
  readonly hasUnixSockets: boolean
}

/** Listeners that are open, and not in force yet. */
export interface OpenedListeners {
  readonly ports: PortsByListener
  /** Takes them, and lets those go that are wanted no more. */
  commit(): void
  drop(): void
}

/** The listening sockets for streams of one worker. Those that stay over a reload are not touched. */
export class StreamListeners {
  readonly #options: StreamListenersOptions
  #running = new Map<string, StreamListener>()

  constructor(options: StreamListenersOptions) {
    this.#options = options
  }

  /**
   * Opens what the settings name and is not open yet.
   *
   * @param ports those other workers have, where the system chose them
   * @throws {StartFault} when an address cannot be had; then nothing of it remains open
   */
  async open(
    inForce: InForceSettings,
    ports: PortsByListener | undefined,
  ): Promise<OpenedListeners> {
    const { settings } = inForce
    const next = new Map<string, StreamListener>()
    const opened: StreamListener[] = []
    const drop = (): void => {
      for (const listener of opened) listener.close()
    }
    for (const listener of settings.listeners.stream) {
      if (listener.path !== undefined && !this.#options.hasUnixSockets) continue
      const key = STREAM_KEY_PREFIX + String(listener.shown['listener'])
      const running = this.#running.get(key)
      const port = ports?.get(key) ?? listener.port
      try {
        const found = running ?? (await this.#start(inForce, listener, port))
        if (running === undefined) opened.push(found)
        next.set(key, found)
      } catch (error) {
        drop()
        const kind = listener.udp ? 'udp' : 'tcp'
        throw bindFault(error as NodeJS.ErrnoException, listener.ip, port, kind)
      }
    }
    return {
      ports: new Map([...next].map(([key, { port }]) => [key, port])),
      commit: () => this.#commit(next, inForce),
      drop,
    }
  }

  #commit(next: Map<string, StreamListener>, inForce: InForceSettings): void {
    for (const listener of next.values()) listener.renewTls(tlsOptions(inForce))
    const gone = [...this.#running].filter(([key]) => !next.has(key))
    this.#running = next
    const timeoutMs = timerLimit(inForce.settings.graceful_timeout * 1000)
    // Not awaited: their sessions may take their time.
    for (const [, listener] of gone) void listener.drain(timeoutMs)
  }

  /** @param timeoutMs 0: cuts everything off at once */
  async close(timeoutMs: number): Promise<void> {
    const listeners = [...this.#running.values()]
    if (timeoutMs === 0) for (const listener of listeners) listener.close()
    else await Promise.all(listeners.map((listener) => listener.drain(timerLimit(timeoutMs))))
  }

  #start(
    inForce: InForceSettings,
    listener: ListenerSettings,
    port: number,
  ): Promise<StreamListener> {
    const { certificates, context } = this.#options
    const options: StreamListenOptions = {
      host: listener.ip,
      port,
      path: listener.path,
      udp: listener.udp,
      // Workers share the port, and so does the one that takes another's place.
      reusePort: true,
      backlog: listener.backlog,
      ipv6Only: listener.ipv6Only,
      keepAlive: keepAliveOf(listener.keepAlive),
      proxyProtocol: listener.proxyProtocol,
      caps: listener.udp ? undefined : this.#capsOf(listener),
      publicPort: inForce.settings.hostPorts.get(port),
      tls: listener.ssl
        ? {
            options: tlsOptions(inForce),
            contextFor: (serverName) => certificates.contextFor(serverName),
          }
        : undefined,
    }
    return startStreamListener(options, context)
  }

  #capsOf(listener: ListenerSettings): ConnectionCaps {
    const { context, count, capLimits } = this.#options
    return new ConnectionCaps({
      name: STREAM_KEY_PREFIX + String(listener.shown['listener']),
      count,
      limits: capLimits,
      warn: (message) => context.log.warn(message),
    })
  }
}

/** Sessions of streams are not those of requests, which may know the client by a certificate. */
const SESSION_CONTEXT = 'portunus stream'

function tlsOptions({ settings, certificates }: InForceSettings): ServerTls['options'] {
  return {
    ...tlsRules(settings),
    sessionIdContext: SESSION_CONTEXT,
    cert: certificates.proxy.map(({ certificate }) => certificate),
    key: certificates.proxy.map(({ key }) => key),
  }
}
