import type { StreamSession } from '../stream-session.ts'

/** A session that exists in memory only; all that a test does not say is that of a plain one. */
export function fakeSession(given: Partial<StreamSession> = {}): StreamSession {
  const logValues = new Map<string, unknown>()
  return {
    protocol: 'tcp',
    ip: '127.0.0.1',
    port: 50_000,
    peerIp: given.ip ?? '127.0.0.1',
    serverPort: 9000,
    startedAtMs: Date.UTC(2026, 0, 1),
    sni: undefined,
    tls: undefined,
    route: undefined,
    service: undefined,
    status: 200,
    receivedBytes: 0,
    sentBytes: 0,
    upstreamReceivedBytes: 0,
    upstreamSentBytes: 0,
    gatewayMs: 0,
    durationMs: 0,
    tries: [],
    logValues,
    setLogValue: (key, value) => void logValues.set(key, value),
    ...given,
  }
}
