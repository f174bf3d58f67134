/** Who is at fault, and what follows from it. */
export interface Failure {
  readonly side: 'client' | 'gateway' | 'upstream'
  readonly status: number
  /** Another peer may do better. */
  readonly isRetryable: boolean
  /**
   * How the client is told. `kong`: JSON unless `Accept` says otherwise. `server`: as `kong`, but in
   * the default type, or that of the request's body, without `Accept`. `page`: nginx's own HTML.
   */
  readonly style: 'kong' | 'server' | 'page'
  /** What the client is told. */
  readonly text: string
}

const client = { side: 'client', isRetryable: false, style: 'server' } as const
const upstream = { side: 'upstream', isRetryable: true, style: 'server' } as const
const INVALID_RESPONSE = 'An invalid response was received from the upstream server'

/** Everything that ends an exchange early. Log level, retry and answer follow from this table. */
export const FAILURES = {
  bad_request: { ...client, status: 400, text: 'Bad request' },
  head_too_large: { ...client, status: 400, text: 'Request header or cookie too large' },
  method_not_allowed: { ...client, status: 405, text: 'Method not allowed' },
  request_timed_out: { ...client, status: 408, text: 'Request timeout' },
  body_too_large: { ...client, status: 413, text: 'Payload too large' },
  uri_too_long: { ...client, status: 414, text: 'URI too long' },
  coding_not_implemented: { ...client, status: 501, style: 'page', text: 'Not Implemented' },
  version_not_supported: {
    ...client,
    status: 505,
    style: 'page',
    text: 'HTTP Version Not Supported',
  },
  plain_on_tls_port: {
    ...client,
    status: 400,
    style: 'page',
    text: 'The plain HTTP request was sent to HTTPS port',
  },
  no_route_matched: {
    ...client,
    status: 404,
    style: 'kong',
    text: 'no Route matched with those values',
  },
  https_required: { ...client, status: 426, style: 'kong', text: 'Please use HTTPS protocol' },
  http2_required: { ...client, status: 426, style: 'kong', text: 'Please use HTTP2 protocol' },
  grpc_required: {
    ...client,
    status: 415,
    style: 'kong',
    text: 'Non-gRPC request matched gRPC route',
  },
  no_service: {
    side: 'gateway',
    status: 503,
    isRetryable: false,
    style: 'kong',
    text: 'no Service found with those values',
  },
  plugin_failed: {
    side: 'gateway',
    status: 500,
    isRetryable: false,
    style: 'kong',
    text: 'An unexpected error occurred',
  },
  body_not_stored: {
    side: 'gateway',
    status: 500,
    isRetryable: false,
    style: 'server',
    text: 'An unexpected error occurred',
  },
  no_peer: {
    ...upstream,
    isRetryable: false,
    status: 503,
    style: 'kong',
    text: 'failure to get a peer from the ring-balancer',
  },
  name_not_resolved: {
    ...upstream,
    isRetryable: false,
    status: 503,
    style: 'kong',
    text: 'name resolution failed',
  },
  dns_failed: {
    ...upstream,
    isRetryable: false,
    status: 500,
    style: 'kong',
    text: 'An unexpected error occurred',
  },
  no_peer_left: {
    ...upstream,
    isRetryable: false,
    status: 503,
    text: 'The upstream server is currently unavailable',
  },
  upstream_refused: { ...upstream, status: 502, text: INVALID_RESPONSE },
  upstream_closed: { ...upstream, status: 502, text: INVALID_RESPONSE },
  upstream_invalid: { ...upstream, isRetryable: false, status: 502, text: INVALID_RESPONSE },
  upstream_timed_out: { ...upstream, status: 504, text: 'The upstream server is timing out' },
} as const satisfies Record<string, Failure>

export type FailureCode = keyof typeof FAILURES

/** An exchange that ends early, and why; the message is for the log. */
export class GatewayError extends Error {
  readonly code: FailureCode
  /** Said to the client instead of the text of the code. */
  readonly text: string | undefined
  /**
   * So many fields of the head come before the fault. As for nginx, which answers where it finds
   * one, the others say nothing about the answer.
   */
  fieldsBefore = Number.POSITIVE_INFINITY

  constructor(code: FailureCode, message: string, text?: string) {
    super(message)
    this.name = 'GatewayError'
    this.code = code
    this.text = text
  }

  get failure(): Failure {
    return FAILURES[this.code]
  }
}
