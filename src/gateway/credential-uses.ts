import { RecentMap } from '../base/recent-map.ts'
import type { ProxyExchange } from '../proxy/exchange.ts'

/** Beyond so many, those that were used longest ago are forgotten. */
const MOST_CREDENTIALS = 100_000

type UsingExchange = Pick<ProxyExchange, 'credential' | 'usedCredentialId' | 'finishedAtMs'>

/**
 * When each credential was last used, to the second, as one worker saw it. Only rows count: whoever
 * comes with an issuer's token has none, and could be anybody.
 */
export class CredentialUses {
  readonly #seconds: RecentMap<string, number>
  #lastId = ''
  #lastSecond = 0

  constructor(most = MOST_CREDENTIALS) {
    this.#seconds = new RecentMap(most)
  }

  note(exchange: UsingExchange): void {
    const { credential, usedCredentialId, finishedAtMs } = exchange
    const id = usedCredentialId ?? (credential?.entity === undefined ? undefined : credential.id)
    if (id === undefined) return
    const second = Math.trunc(finishedAtMs / 1000)
    // A busy client costs a comparison.
    if (second === this.#lastSecond && id === this.#lastId) return
    this.#lastSecond = second
    this.#lastId = id
    this.#seconds.set(id, second)
  }

  of(ids: readonly string[]): ReadonlyMap<string, number> {
    const found = ids.flatMap((id) => {
      const second = this.#seconds.get(id)
      return second === undefined ? [] : [[id, second] as const]
    })
    return new Map(found)
  }
}
