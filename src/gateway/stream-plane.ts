import { threadId } from 'node:worker_threads'
import type { CapLimits } from '../proxy/connection-caps.ts'
import type { Session } from '../proxy/stream/session.ts'
import type { StreamContext, StreamCounters } from '../proxy/stream/stream-context.ts'
import { belowPrefix } from '../settings/present-settings.ts'
import type { Settings } from '../settings/settings.ts'
import type { LineWriter } from '../telemetry/line-writer.ts'
import { isLogLevel, type LogLevel } from '../telemetry/log-level.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { streamAccessLineFormat } from '../telemetry/stream-access-line.ts'
import type { CertificateIndex } from './certificate-index.ts'
import { connectionCount, type InboundShare } from './inbound-share.ts'
import type { Logs } from './logs.ts'
import type { PortsByListener } from './proxy-listeners.ts'
import { StreamListeners, type OpenedListeners } from './stream-listeners.ts'
import type { InForceSettings } from './worker-messages.ts'

export interface StreamPlaneOptions extends Pick<
  StreamContext,
  'holder' | 'sockets' | 'wheel' | 'realIp'
> {
  readonly settings: Settings
  readonly logs: Logs
  readonly certificates: CertificateIndex
  /** How many connections there may be; looked at for each. */
  readonly capLimits: () => CapLimits
  readonly inbound: InboundShare
  /** Position among the workers; the first one has the unix sockets. */
  readonly index: number
}

/** The streams of one worker: their listeners, their logs and what is counted of them. */
export class StreamPlane {
  readonly #listeners: StreamListeners
  readonly #logs: Logs
  readonly #log: Logger
  readonly #accessLog: string
  readonly counters: StreamCounters = { accepted: 0, handled: 0, active: 0, sessions: 0 }
  #logSession: ((session: Session) => void) | undefined

  constructor(options: StreamPlaneOptions) {
    const { settings, logs, certificates, capLimits, inbound, index, ...shared } = options
    this.#logs = logs
    this.#log = errorLog(settings, logs)
    this.#accessLog = settings.proxy_stream_access_log
    const context: StreamContext = {
      ...shared,
      log: this.#log,
      onEnded: (session) => this.#logSession?.(session),
      counters: this.counters,
      udpSessions: settings.stream_udp_sessions,
    }
    this.#listeners = new StreamListeners({
      context,
      certificates,
      count: connectionCount(inbound.connections),
      capLimits,
      hasUnixSockets: index === 0,
    })
  }

  /** @throws {StartFault} when an address cannot be had; then all is as before */
  open(inForce: InForceSettings, ports: PortsByListener | undefined): Promise<OpenedListeners> {
    // Without streams there is no such file.
    if (inForce.settings.listeners.stream.length > 0 && !this.#accessLog.startsWith('off'))
      this.#logSession ??= accessLogger(this.#logs.open(this.#accessLog))
    return this.#listeners.open(inForce, ports)
  }

  setLogLevel(level: LogLevel): void {
    this.#log.setLevel(level)
  }

  /** @param timeoutMs 0: cuts everything off at once */
  close(timeoutMs: number): Promise<void> {
    return this.#listeners.close(timeoutMs)
  }
}

/** Of its own only where it is another file. */
function errorLog(settings: Settings, logs: Logs): Logger {
  const { prefix, proxy_stream_error_log: file, log_level: level } = settings
  if (belowPrefix(prefix, file) === belowPrefix(prefix, settings.proxy_error_log)) return logs.error
  return createLogger({
    writer: logs.open(file),
    level: isLogLevel(level) ? level : 'notice',
    source: `${process.pid}#${threadId}`,
  })
}

function accessLogger(writer: LineWriter): (session: Session) => void {
  const format = streamAccessLineFormat()
  return ({ ip, transport, status, sentBytes, receivedBytes, durationMs }) => {
    const protocol = transport === 'tcp' ? 'TCP' : 'UDP'
    const facts = { clientIp: ip, protocol, status, sentBytes, receivedBytes, durationMs } as const
    writer.write(format(facts, Date.now()))
  }
}
