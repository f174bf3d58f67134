import { accessLogTime, oncePerSecond } from './log-time.ts'

/** What the access log tells of a session. */
export interface StreamAccessFacts {
  readonly clientIp: string
  readonly protocol: 'TCP' | 'UDP'
  readonly status: number
  /** To and from the client. */
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly durationMs: number
}

/** Makes access log lines of sessions in Kong's form `basic`. */
export function streamAccessLineFormat(): (facts: StreamAccessFacts, nowMs: number) => string {
  const time = oncePerSecond(accessLogTime)
  return ({ clientIp, protocol, status, sentBytes, receivedBytes, durationMs }, nowMs) =>
    `${clientIp} [${time(nowMs)}] ${protocol} ${status} ${sentBytes} ${receivedBytes} ` +
    `${(durationMs / 1000).toFixed(3)}\n`
}
