import type { TlsFacts } from '../plugin-kit/exchange.ts'
import type { ConnectionFacts, ForwardedLines } from './downstream.ts'
import type { Transport } from './transport/transport.ts'

/** What a listener knows of all its connections. */
export interface ListenerFacts {
  readonly scheme: 'http' | 'https'
  /** Port the client used, after `port_maps`. */
  readonly port: number
  /** It listens on a path, so that peers have no address. */
  readonly isUnix: boolean
  readonly isTrusted: (ip: string) => boolean
}

/** What stands for the address of a peer on a unix socket, as in nginx. */
export const UNIX_PEER = 'unix:'

/** Both ends of a connection. */
export type Addresses = Pick<
  Transport,
  'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'
>

let serials = 0

/** Facts of one client connection; addresses cost a system call each and are asked for when needed. */
export class ClientConnectionFacts implements ConnectionFacts {
  readonly peerIp: string
  readonly scheme: 'http' | 'https'
  readonly port: number
  readonly isTrusted: boolean
  readonly tls: TlsFacts | undefined
  readonly proxied: ConnectionFacts['proxied']
  readonly forwardedLines: ForwardedLines
  readonly serial = ++serials
  requests = 0
  readonly #transport: Addresses

  constructor(
    transport: Addresses,
    listener: ListenerFacts,
    more: {
      readonly tls?: TlsFacts | undefined
      readonly proxied?: ConnectionFacts['proxied']
    } = {},
  ) {
    this.#transport = transport
    this.peerIp = listener.isUnix ? UNIX_PEER : withoutMapping(transport.remoteAddress)
    this.scheme = listener.scheme
    this.port = listener.port
    this.isTrusted = listener.isTrusted(this.peerIp)
    this.tls = more.tls
    this.proxied = more.proxied
    this.forwardedLines = {
      beforeHost: `X-Forwarded-For: ${this.peerIp}\r\nX-Forwarded-Proto: ${this.scheme}\r\nX-Forwarded-Host: `,
      beforePath: `\r\nX-Forwarded-Port: ${this.port}\r\nX-Forwarded-Path: `,
      realIp: `X-Real-IP: ${this.peerIp}\r\n`,
    }
  }

  get peerPort(): number {
    return this.#transport.remotePort
  }
  get localIp(): string {
    return withoutMapping(this.#transport.localAddress)
  }
  get localPort(): number {
    return this.#transport.localPort
  }
}

/** On a socket that serves both families, IPv4 addresses come mapped into IPv6. */
export function withoutMapping(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip
}
