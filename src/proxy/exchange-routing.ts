import { RequestField } from '../http/request-head.ts'
import { normalizePath, plainPath } from '../http/normalize-path.ts'
import type { NormalizedPath, RoutingRequest } from '../router/route-match.ts'
import { clientAddress } from './client-address.ts'
import type { ProxyExchange } from './exchange.ts'
import { hostFacts, type HostFacts } from './host-facts.ts'

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
  #hostFacts: HostFacts | undefined

  constructor(exchange: ProxyExchange) {
    this.#exchange = exchange
    const { head } = exchange
    const { target, pathEnd } = head
    this.hasQuery = pathEnd < target.length
    this.rawPath = this.hasQuery ? target.slice(0, pathEnd) : target
    this.rawQuery = this.hasQuery ? target.slice(pathEnd + 1) : ''
    if (this.hasQuery && target.includes('#')) this.#dropFragment()
    this.host = head.made?.host ?? head.fields.get(RequestField.host) ?? ''
    if (head.isPlainPath) this.path = plainPath(this.rawPath)
    else {
      if (!this.rawPath.startsWith('/')) this.#readAbsoluteForm(this.rawPath)
      this.path = normalizePath(this.rawPath)
    }
  }

  /**
   * A fragment is nothing for servers. As nginx has it, none is part of the query, and nothing
   * behind one is a query; in a path its sign is a letter like others.
   */
  #dropFragment(): void {
    const end = this.rawPath.includes('#') ? 0 : this.rawQuery.indexOf('#')
    this.rawQuery = this.rawQuery.slice(0, end)
    this.hasQuery = end > 0
  }

  /**
   * The authority of an absolute-form target stands in for Host; in one of another alphabet than
   * nginx reads there, the target stays as it is, which is no path.
   *
   * @see RFC 9112 §3.2.2
   */
  #readAbsoluteForm(target: string): void {
    const match = /^https?:\/\/((?:[a-z\d.-]+|\[[a-f\d:.]+\])(?::\d*)?)(\/.*)?$/i.exec(target)
    if (match === null) return
    this.host = match[1]!
    this.rawPath = match[2] ?? '/'
  }

  get method(): string {
    return this.#exchange.head.method
  }
  get isPlainPath(): boolean {
    return this.#exchange.head.isPlainPath
  }
  /** Path and query as they were sent, with a fragment. */
  get pathWithQuery(): string {
    const { target, pathEnd } = this.#exchange.head
    return pathEnd < target.length ? this.rawPath + target.slice(pathEnd) : this.rawPath
  }
  /** Host without port, lower case. */
  get hostName(): string {
    return this.hostFacts.name
  }
  get hostFacts(): HostFacts {
    return (this.#hostFacts ??= hostFacts(this.host))
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
    const { fields, made } = this.#exchange.head
    if (made !== undefined && name === 'authorization') made.isRoutedByToken = true
    return fields.values(name)
  }
}
