import type { BalancingRequest } from '../balancer/peer.ts'
import type { UriCaptures } from '../entities/uri-captures.ts'
import type { ProxyExchange } from './exchange.ts'

/** What a balancer may ask about an exchange; nothing is worked out before it does. */
export class ExchangeBalancing implements BalancingRequest {
  readonly #exchange: ProxyExchange

  constructor(exchange: ProxyExchange) {
    this.#exchange = exchange
  }

  get consumerId(): string | undefined {
    return this.#exchange.consumer?.id
  }
  get credentialId(): string | undefined {
    return this.#exchange.credential?.id
  }
  get clientIp(): string {
    return this.#exchange.request.ip
  }
  get path(): string {
    return this.#exchange.request.path
  }
  get captures(): UriCaptures | undefined {
    return this.#exchange.captures
  }

  headerValues(name: string): readonly string[] {
    return this.#exchange.request.headerValues(name)
  }

  queryValues(name: string): readonly (string | true)[] {
    return this.#exchange.request.queryValues(name)
  }

  cookie(name: string): string | undefined {
    return this.#exchange.request.cookie(name)
  }

  setCookie(line: string): void {
    this.#exchange.balancerLines += `Set-Cookie: ${line}\r\n`
  }
}
