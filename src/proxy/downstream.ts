import type { FailureCode } from './gateway-error.ts'
import type { Transport } from './transport/transport.ts'
import type { TrailerField } from '../http/trailer-fields.ts'
import type { TlsFacts } from '../plugin-kit/exchange.ts'

/** What is known of a client's connection before its first request. */
export interface ConnectionFacts {
  readonly peerIp: string
  readonly peerPort: number
  readonly localIp: string
  readonly localPort: number
  readonly scheme: 'http' | 'https'
  /** Port the client used, after `port_maps`. */
  readonly port: number
  /** The peer is in `trusted_ips`: what it says about the client is believed. */
  readonly isTrusted: boolean
  readonly tls: TlsFacts | undefined
  /** Client address told by the PROXY protocol. */
  readonly proxied: { readonly ip: string; readonly port: number } | undefined
  /** Forwarding lines for a request that came without any; made once a connection. */
  readonly forwardedLines: ForwardedLines
  /** Counts the connections of the process. */
  readonly serial: number
  /** Requests on the connection so far. */
  readonly requests: number
}

/** The lines in three pieces: host and path of a request go between them. */
export interface ForwardedLines {
  /** Up to the value of `X-Forwarded-Host`. */
  readonly beforeHost: string
  /** Up to the value of `X-Forwarded-Path`. */
  readonly beforePath: string
  readonly realIp: string
}

/** How a response body is told from what follows it. */
export type ResponseCoding =
  /** The head says the length, or there is no body. */
  | 'as-is'
  | 'chunked'
  /** As `chunked`, and fields may come after the body. */
  | 'with-trailers'
  /** The body ends with the connection. */
  | 'until-close'

/** The client's side of an exchange: HTTP/1 connection or HTTP/2 stream. */
export interface Downstream {
  readonly facts: ConnectionFacts
  readonly httpVersion: '1.0' | '1.1' | '2'
  /** Version as `Via` says it, with a space behind; `''` where there is no saying. */
  readonly viaVersion: string
  /** The connection serves another request after this one. */
  readonly keepsAlive: boolean
  /** Writing more now would only fill memory; the relay waits for `onDownstreamDrained`. */
  readonly isCongested: boolean
  /** Refuses to serve another request on this connection. */
  closeAfter(): void
  /** `HTTP/1.1 100 Continue`, if the client waits for it. */
  sendContinue(): void
  /**
   * Passes on `103 Early Hints`, where the client surely takes it: HTTP/1 has clients that take any
   * interim answer for the final one. See RFC 8297 §3.
   * @param links values of its Link fields
   */
  sendEarlyHints(links: readonly string[]): void
  /** Head and whole body at once; the response is over. @param text latin1 */
  sendWhole(text: string): void
  /** Head lines with the final empty line. @param text latin1 */
  sendHead(text: string, coding: ResponseCoding): void
  /** Bytes valid during the call only. */
  sendBody(bytes: Buffer, start: number, end: number): void
  /** What was sent so far goes out now; it may have been held back to go out together. */
  flush(): void
  /** Fields for after the body, to be said before its end. Only with the coding `with-trailers`. */
  sendTrailers(fields: readonly TrailerField[]): void
  endBody(): void
  /** The response cannot be finished: the connection or stream ends so that the client notices. */
  abort(): void
  /** The exchange is over: its request's rest is passed over, and the next one may begin. */
  next(): void
  /**
   * Gives the connection away, for a protocol the client asked to change to.
   * @returns the connection, and what had been read beyond the request
   */
  takeOver(): { readonly transport: Transport; readonly rest: Buffer | undefined }
}

/** What an exchange is waiting in: hears what happens on the client's side meanwhile. */
export interface Stage {
  onDownstreamDrained(): void
  /** The client is gone; nobody will see a response. */
  onClientGone(): void
  /** The rest of the request body cannot be had. */
  onBodyFault(code: FailureCode): void
}
