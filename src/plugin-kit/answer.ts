/** Header names in lower case. A list makes several header lines. */
export type AnswerHeaders = Readonly<Record<string, string | number | readonly string[]>>

/** A response the gateway makes itself. It goes through the same response phases as an upstream's. */
export type Answer = ExitAnswer | ErrorAnswer

/** Sent exactly as given; Kong's `kong.response.exit`. */
export interface ExitAnswer {
  readonly kind: 'exit'
  readonly status: number
  readonly headers?: AnswerHeaders
  /** Absent: an empty body. A string or bytes need a `content-type` among the headers. */
  readonly body?: string | Uint8Array
  /** For gRPC requests, where no body is sent: the text of `grpc-message`. */
  readonly message?: string
  /** It stands for the upstream's own, as from a cache: headers about latency and the log say so. */
  readonly countsAsProxied?: boolean
  /** Time in ms that passed until another server gave it; counts as an upstream's, not as ours. */
  readonly waitedMs?: number
  /** For logs and the decision record only; the client never sees it. */
  readonly reason?: string
}

/** Rendered by the request's `Accept` with its request id; Kong's `kong.response.error`. */
export interface ErrorAnswer {
  readonly kind: 'error'
  readonly status: number
  /** Default: the text of the status. */
  readonly message?: string
  readonly headers?: AnswerHeaders
  /** For logs and the decision record only; the client never sees it. */
  readonly reason?: string
}

const JSON_TYPE = 'application/json; charset=utf-8'

/** An answer with a compact JSON body, or with none. */
export function exit(
  status: number,
  body?: Readonly<Record<string, unknown>>,
  more: { readonly headers?: AnswerHeaders; readonly reason?: string } = {},
): ExitAnswer {
  if (body === undefined) return { kind: 'exit', status, ...more }
  // A client of gRPC gets the message of an object, and nothing of an object that has none.
  const message = typeof body['message'] === 'string' ? body['message'] : ''
  return {
    kind: 'exit',
    status,
    body: JSON.stringify(body),
    message,
    ...more,
    headers: { 'content-type': JSON_TYPE, ...more.headers },
  }
}

/** An answer rendered in the format the client accepts. */
export function refuse(
  status: number,
  message?: string,
  more: { readonly headers?: AnswerHeaders; readonly reason?: string } = {},
): ErrorAnswer {
  return { kind: 'error', status, ...(message === undefined ? {} : { message }), ...more }
}
