import { setValue, shownTry, type LogEntry } from './log-entry.ts'
import type { StreamSession } from './stream-session.ts'
import { DEFAULT_WORKSPACE, shownEntity } from './workspace.ts'

/** What logs say about one session of TCP, TLS or UDP, in Kong's form. */
export function sessionLogEntry(session: StreamSession): LogEntry {
  const { tls, tries, route, service } = session
  const entry: LogEntry = {
    session: {
      ...(tls && {
        tls: { version: tls.version, cipher: tls.cipher, client_verify: tls.clientVerify },
      }),
      received: session.receivedBytes,
      sent: session.sentBytes,
      status: session.status,
      server_port: session.serverPort,
    },
    upstream: { received: session.upstreamReceivedBytes, sent: session.upstreamSentBytes },
    latencies: { kong: session.gatewayMs, session: session.durationMs },
    ...(tries.length > 0 && { tries: tries.map(shownTry) }),
    ...(route && { route: shownEntity(route) }),
    ...(service && { service: shownEntity(service) }),
    client_ip: session.ip,
    started_at: session.startedAtMs,
    workspace: DEFAULT_WORKSPACE.id,
    workspace_name: DEFAULT_WORKSPACE.name,
  }
  for (const [key, value] of session.logValues) setValue(entry, key, value)
  return entry
}
