import { accessLogTime, oncePerSecond } from './log-time.ts'

/** What an access log line tells of a request. */
export interface RequestFacts {
  readonly clientIp: string
  readonly user: string | undefined
  readonly requestLine: string
  readonly referer: string | undefined
  readonly userAgent: string | undefined
}

/** What it tells of the answer. */
export interface AnswerFacts {
  readonly status: number
  readonly bodyBytes: number
  /** Absent for servers that give none. */
  readonly requestId: string | undefined
}

/** The pieces of a line that equal requests have in common. */
export interface RequestPieces {
  readonly beforeTime: string
  readonly beforeStatus: string
  readonly beforeId: string
}

export function requestPieces(facts: RequestFacts): RequestPieces {
  return {
    beforeTime: `${facts.clientIp} - ${field(facts.user)} [`,
    beforeStatus: `] "${escapeValue(facts.requestLine)}" `,
    beforeId: ` "${field(facts.referer)}" "${field(facts.userAgent)}" kong_request_id: "`,
  }
}

/**
 * Makes access log lines in nginx's combined form with Kong's request id at the end.
 *
 * @see nginx, ngx_http_log_module, for the form and for how values are escaped
 */
export function accessLineFormat(): (
  pieces: RequestPieces,
  answer: AnswerFacts,
  nowMs: number,
) => string {
  const time = oncePerSecond(accessLogTime)
  return ({ beforeTime, beforeStatus, beforeId }, { status, bodyBytes, requestId }, nowMs) =>
    `${beforeTime}${time(nowMs)}${beforeStatus}${status} ${bodyBytes}${beforeId}${requestId ?? ''}"\n`
}

function field(value: string | undefined): string {
  return value === undefined || value === '' ? '-' : escapeValue(value)
}

// oxlint-disable-next-line no-control-regex -- control characters are what must not reach a log
const UNSAFE = /["\\\u0000-\u001F\u007F-\uFFFF]/

/** Quotes, backslashes, control and non-ASCII bytes as `\xHH`, so that a line cannot be forged. */
export function escapeValue(value: string): string {
  if (!UNSAFE.test(value)) return value
  let escaped = ''
  for (const byte of Buffer.from(value)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
    escaped += isPlain
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}
