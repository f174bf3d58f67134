import { cookieValue } from '../http/cookies.ts'
import { parseQuery, type QueryPair } from '../http/query.ts'
import { RequestField } from '../http/request-head.ts'
import type { ClientRequest, ConnectionFacts, TlsFacts } from '../plugin-kit/exchange.ts'
import { clientAddress, type ClientAddress } from './client-address.ts'
import type { ProxyExchange } from './exchange.ts'
import { forwardedFacts, type ForwardedFacts } from './forwarded.ts'
import { GatewayError } from './gateway-error.ts'
import {
  headerEntries,
  headerValue,
  headerValues,
  type HeaderEdits,
  type HeaderEntry,
} from './header-edits.ts'
import { IDENTITY_NAMES } from './identity-lines.ts'

/**
 * The client's request as plugins see it, with what earlier ones changed of headers and query, as in
 * nginx, where there is one request only. Each answer is found when it is first asked for.
 */
export class ExchangeRequest implements ClientRequest {
  readonly #exchange: ProxyExchange
  #query: QueryPair[] | undefined
  /** What {@link #query} was read from. */
  #queryText = ''
  #address: ClientAddress | undefined
  #forwarded: ForwardedFacts | undefined

  constructor(exchange: ProxyExchange) {
    this.#exchange = exchange
  }

  get method(): string {
    return this.#exchange.head.method
  }
  get httpVersion(): '1.0' | '1.1' | '2' {
    return this.#exchange.downstream.httpVersion
  }
  get scheme(): 'http' | 'https' {
    return this.#exchange.downstream.facts.scheme
  }
  get host(): string {
    return this.#exchange.routing.hostName
  }
  get port(): number {
    return this.#exchange.downstream.facts.port
  }
  get path(): string {
    return this.#exchange.routing.path
  }
  get rawPath(): string {
    return this.#exchange.routing.rawPath
  }
  get rawQuery(): string {
    return this.#exchange.upstreamIfChanged?.newQuery ?? this.#exchange.routing.rawQuery
  }
  get pathWithQuery(): string {
    return this.#exchange.routing.pathWithQuery
  }
  get ip(): string {
    return (this.#address ??= clientAddress(this.#exchange)).ip
  }
  get clientPort(): number {
    return (this.#address ??= clientAddress(this.#exchange)).port
  }
  get peerIp(): string {
    return this.#exchange.downstream.facts.peerIp
  }
  get tls(): TlsFacts | undefined {
    return this.#exchange.downstream.facts.tls
  }
  get connection(): ConnectionFacts {
    return this.#exchange.downstream.facts
  }
  get isGrpc(): boolean {
    const type = this.#exchange.head.fields.get(RequestField.contentType)
    return type !== undefined && type.startsWith('application/grpc')
  }
  get wasAuthorized(): boolean {
    return this.#exchange.head.fields.has(RequestField.authorization)
  }
  get sizeBytes(): number {
    return this.#exchange.head.fields.text.length + this.#exchange.body.receivedBytes
  }
  get forwardedScheme(): string {
    return (this.#forwarded ??= forwardedFacts(this.#exchange)).scheme
  }
  get forwardedHost(): string {
    return (this.#forwarded ??= forwardedFacts(this.#exchange)).host
  }
  get forwardedPort(): number {
    return (this.#forwarded ??= forwardedFacts(this.#exchange)).port
  }
  get contentLength(): number | undefined {
    const { framing } = this.#exchange.body
    return framing.kind === 'length' ? framing.length : undefined
  }
  get hasBody(): boolean {
    const { framing } = this.#exchange.body
    return framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0)
  }

  header(name: string): string | undefined {
    const { fields } = this.#exchange.head
    const edits = this.#editsOf(name)
    let value: string | undefined
    if (edits !== undefined) value = headerValue(fields, edits, name)
    else if (name === 'authorization') value = fields.get(RequestField.authorization)
    else value = fields.value(name)
    if (value !== undefined || !name.includes('_')) return value
    return this.header(name.replaceAll('_', '-'))
  }

  headerValues(name: string): readonly string[] {
    const values = headerValues(this.#exchange.head.fields, this.#editsOf(name), name)
    if (values.length > 0 || !name.includes('_')) return values
    return this.headerValues(name.replaceAll('_', '-'))
  }

  headers(): readonly HeaderEntry[] {
    return headerEntries(this.#exchange.head.fields, this.#allEdits())
  }

  /** Lines that say who the client is become edits only for those who ask for one of them. */
  #editsOf(name: string): HeaderEdits | undefined {
    const { identityLines, upstreamIfChanged } = this.#exchange
    if (identityLines === undefined) return upstreamIfChanged?.edits
    return IDENTITY_NAMES.has(name) ? this.#allEdits() : undefined
  }

  #allEdits(): HeaderEdits | undefined {
    const exchange = this.#exchange
    return exchange.identityLines === undefined
      ? exchange.upstreamIfChanged?.edits
      : exchange.upstream.editable()
  }

  query(): readonly QueryPair[] {
    const text = this.rawQuery
    if (this.#query === undefined || this.#queryText !== text) {
      this.#query = parseQuery(text)
      this.#queryText = text
    }
    return this.#query
  }

  queryValue(name: string): string | true | undefined {
    if (this.rawQuery === '') return undefined
    return this.query().find(([other]) => other === name)?.[1]
  }

  queryValues(name: string): readonly (string | true)[] {
    if (this.rawQuery === '') return []
    return this.query().flatMap(([other, value]) => (other === name ? [value] : []))
  }

  cookie(name: string): string | undefined {
    for (const field of this.#exchange.head.fields.values('cookie')) {
      const value = cookieValue(field, name)
      if (value !== undefined) return value
    }
    return undefined
  }

  readBody(limitBytes: number): Promise<Uint8Array | 'too-large'> {
    const { body, downstream } = this.#exchange
    if (!body.isComplete) downstream.sendContinue()
    return new Promise((resolve, reject) => {
      body.collect(limitBytes, (outcome) => {
        if (outcome === 'complete') resolve(body.heldAsOne())
        else if (outcome === 'too-large') resolve('too-large')
        else
          reject(
            new GatewayError(this.#exchange.bodyFault ?? 'bad_request', 'The body ended too soon'),
          )
      })
    })
  }
}
