import { toByteString } from '../base/buffer-slices.ts'
import type { UpstreamRequest } from '../plugin-kit/exchange.ts'
import type { ProxyExchange } from './exchange.ts'
import {
  headerEntries,
  HeaderEdits,
  headerValue,
  headerValues,
  type HeaderEntry,
} from './header-edits.ts'
import { IDENTITY_NAMES } from './identity-lines.ts'
import { escapePath, plannedPath, strippedPath } from './upstream-path.ts'

/** The request to the upstream as plugins see and change it. */
export class ExchangeUpstream implements UpstreamRequest {
  edits: HeaderEdits | undefined
  newMethod: string | undefined
  newPath: string | undefined
  newQuery: string | undefined
  newHost: string | undefined
  newScheme: UpstreamRequest['scheme'] | undefined
  newBody: Buffer | undefined
  /** Another place than the service's host. */
  newTarget: { readonly host: string; readonly port: number } | undefined
  readonly #exchange: ProxyExchange

  constructor(exchange: ProxyExchange) {
    this.#exchange = exchange
  }

  get method(): string {
    return this.newMethod ?? this.#exchange.head.method
  }
  set method(method: string) {
    if (!/^[A-Z]+$/.test(method))
      throw new TypeError(`Cannot set method "${method}": not upper-case letters`)
    this.newMethod = method
  }

  get path(): string {
    return this.newPath ?? plannedPath(this.#exchange)
  }
  set path(path: string) {
    if (!path.startsWith('/'))
      throw new TypeError(`Cannot set path "${path}": it must start with "/"`)
    this.newPath = escapePath(toByteString(path))
  }

  get strippedPath(): string {
    return strippedPath(this.#exchange)
  }

  get rawQuery(): string {
    return this.newQuery ?? this.#exchange.routing.rawQuery
  }
  set rawQuery(query: string) {
    // oxlint-disable-next-line no-control-regex -- what would end the request line is escaped
    this.newQuery = toByteString(query).replaceAll(/[\0-\u{20}\u{7f}#]/gu, encodeURIComponent)
  }

  get scheme(): UpstreamRequest['scheme'] {
    return this.newScheme ?? this.#exchange.plan?.target?.scheme ?? 'http'
  }
  set scheme(scheme: UpstreamRequest['scheme']) {
    this.newScheme = scheme
  }

  get host(): string {
    return this.newHost ?? this.#exchange.routing.host
  }
  set host(host: string) {
    if (/[\s/?#@]/.test(host)) throw new TypeError(`Cannot set host "${host}": not a host name`)
    this.newHost = host
  }

  header(name: string): string | undefined {
    return headerValue(this.#exchange.head.fields, this.#current(), name)
  }

  headerValues(name: string): readonly string[] {
    return headerValues(this.#exchange.head.fields, this.#current(), name)
  }

  headers(): readonly HeaderEntry[] {
    return headerEntries(this.#exchange.head.fields, this.#current())
  }

  setHeader(name: string, value: string | readonly string[]): void {
    if (name.toLowerCase() === 'host') this.host = String(value)
    else this.editable().set(name, value)
  }

  addHeader(name: string, value: string): void {
    if (name.toLowerCase() === 'host') this.host = value
    else this.editable().add(name, value)
  }

  removeHeader(name: string): void {
    this.editable().remove(name)
  }

  /** The edits to write to. The identity headers become edits like all others, so that they can be changed. */
  editable(): HeaderEdits {
    const edits = (this.edits ??= new HeaderEdits())
    const lines = this.#exchange.identityLines
    if (lines !== undefined) {
      this.#exchange.identityLines = undefined
      applyIdentity(edits, lines)
    }
    return edits
  }

  #current(): HeaderEdits | undefined {
    return this.#exchange.identityLines === undefined ? this.edits : this.editable()
  }

  setBody(body: string | Uint8Array): void {
    this.newBody = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body)
  }

  setTarget(host: string, port: number): void {
    this.newTarget = { host, port }
  }

  setUpstream(name: string): void {
    this.newTarget = { host: name, port: this.#exchange.plan?.target?.port ?? 80 }
  }
}

/** Makes identity lines part of the edits: client-sent copies go, the lines come. */
export function applyIdentity(edits: HeaderEdits, lines: string): void {
  for (const name of IDENTITY_NAMES) edits.remove(name)
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon !== -1) edits.add(line.slice(0, colon), line.slice(colon + 2))
  }
}
