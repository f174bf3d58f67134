import { JSON_TYPE, type AdminAnswer, type Content } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'

/** An answer as it goes out. */
export interface WrittenAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Content
}

/** What an answer's head needs to know of the process. */
export interface ServedContext extends Pick<
  AdminContext,
  'headers' | 'node' | 'bodyLimitBytes' | 'access' | 'log'
> {
  /** `none`: no page of another origin may read the answers. */
  readonly guiOrigins: readonly string[] | 'none'
}

export interface AnswerFacts {
  /** Value of the request's `Origin`. */
  readonly origin: string | undefined
  readonly startedMs: number
  readonly nowMs: number
  /** Whether the connection is used again; unsaid in HTTP/2. */
  readonly isKeptAlive: boolean | undefined
}

/** Puts the headers on an answer that all answers have: CORS, latency, server. */
export function writtenAnswer(
  answer: AdminAnswer,
  context: ServedContext,
  facts: AnswerFacts,
): WrittenAnswer {
  const body = bodyOf(answer)
  return {
    status: answer.status,
    headers: {
      Date: new Date(facts.nowMs).toUTCString(),
      ...(body && { 'Content-Type': body.type }),
      ...(facts.isKeptAlive !== undefined && {
        Connection: facts.isKeptAlive ? 'keep-alive' : 'close',
      }),
      ...(context.guiOrigins !== 'none' && {
        'Access-Control-Allow-Origin': allowedOrigin(context.guiOrigins, facts.origin),
        'Access-Control-Allow-Credentials': 'true',
      }),
      ...answer.headers,
      ...(body && { 'Content-Length': String(lengthOf(body.content)) }),
      ...(context.headers.latency && {
        'X-Kong-Admin-Latency': String(Math.max(0, Math.round(facts.nowMs - facts.startedMs))),
      }),
      ...(context.headers.server && { Server: `kong/${context.node.version}` }),
    },
    body: body?.content ?? '',
  }
}

function bodyOf({ status, json, text }: AdminAnswer): AdminAnswer['text'] {
  if (text !== undefined) return text
  if (json === undefined || status === 204 || status === 304) return undefined
  return { type: JSON_TYPE, content: JSON.stringify(json) }
}

function lengthOf(content: Content): number {
  if (typeof content === 'string' || Buffer.isBuffer(content)) return Buffer.byteLength(content)
  return content.reduce((length, piece) => length + piece.length, 0)
}

function allowedOrigin(guiOrigins: readonly string[], origin: string | undefined): string {
  if (guiOrigins.length === 0) return origin ?? '*'
  return origin !== undefined && guiOrigins.includes(origin) ? origin : guiOrigins[0]!
}
