import { RequestField } from '../http/request-head.ts'
import { normalizePath } from '../http/normalize-path.ts'
import type { NormalizedPath, RoutingRequest } from '../router/route-match.ts'
import { clientAddress } from './client-address.ts'
import type { ProxyExchange } from './exchange.ts'

/** What the router asks about an exchange. */
export class ExchangeRouting implements RoutingRequest {
  readonly #exchange: ProxyExchange
  /** As received, without query. */
  rawPath: string
  rawQuery: string
  /** A `?` stood in the target, even with nothing behind it. */
  hasQuery: boolean
  path: NormalizedPath
  /** As sent, with its port. */
  host: string
  #hostName: string | undefined

  constructor(exchange: ProxyExchange) {
    this.#exchange = exchange
    const { target, fields } = exchange.head
    const mark = target.indexOf('?')
    this.hasQuery = mark !== -1
    const rest = mark === -1 ? target : target.slice(0, mark)
    this.rawQuery = mark === -1 ? '' : target.slice(mark + 1)
    this.rawPath = rest
    this.host = fields.get(RequestField.host) ?? ''
    if (rest !== '' && !rest.startsWith('/')) this.#readAbsoluteForm(rest)
    this.path = normalizePath(this.rawPath)
  }

  /** The authority of an absolute-form target stands in for Host. @see RFC 9112 §3.2.2 */
  #readAbsoluteForm(target: string): void {
    const match = /^https?:\/\/([^/?#@]+)(\/.*)?$/i.exec(target)
    if (match === null) return
    this.host = match[1]!
    this.rawPath = match[2] ?? '/'
  }

  get method(): string {
    return this.#exchange.head.method
  }
  /** Host without port, lower case. */
  get hostName(): string {
    return (this.#hostName ??= hostNameOf(this.host))
  }
  get scheme(): 'http' | 'https' {
    return this.#exchange.downstream.facts.scheme
  }
  get port(): number {
    return this.#exchange.downstream.facts.port
  }
  get sni(): string | undefined {
    return this.#exchange.downstream.facts.tls?.sni
  }
  get sourceIp(): string {
    return clientAddress(this.#exchange).ip
  }
  get sourcePort(): number {
    return clientAddress(this.#exchange).port
  }
  get destinationIp(): string {
    return this.#exchange.downstream.facts.localIp
  }
  get destinationPort(): number {
    return this.#exchange.downstream.facts.port
  }

  headerValues(name: string): readonly string[] {
    return this.#exchange.head.fields.values(name)
  }
}

/** Host without its port, in lower case; brackets of an IPv6 address stay. */
export function hostNameOf(host: string): string {
  const colon = host.lastIndexOf(':')
  const name = colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
  return name.toLowerCase()
}
