import type { Algorithm } from './algorithm.ts'
import type { Peer } from './peer.ts'
import type { TargetAddress } from './target-address.ts'
import { wasTried } from './was-tried.ts'

const NONE: readonly Peer[] = []

/**
 * The address with the fewest exchanges under way for its weight, the coming one counted. Among
 * equals they take turns, or the first would get all traffic of a quiet upstream.
 */
export class LeastConnections implements Algorithm {
  #addresses: readonly TargetAddress[] = []
  #start = 0

  update(addresses: readonly TargetAddress[]): void {
    this.#addresses = addresses.filter((address) => address.weight > 0)
    this.#start = 0
  }

  next(tried: readonly Peer[]): TargetAddress | undefined {
    const address = this.#least(tried)
    return address === undefined && tried.length > 0 ? this.#least(NONE) : address
  }

  #least(tried: readonly Peer[]): TargetAddress | undefined {
    const addresses = this.#addresses
    const count = addresses.length
    let best: TargetAddress | undefined
    let bestLoad = Number.POSITIVE_INFINITY
    let bestIndex = 0
    for (let step = 0; step < count; step += 1) {
      const index = (this.#start + step) % count
      const address = addresses[index]!
      const load = (address.active + 1) / address.weight
      if (load >= bestLoad || !address.isAvailable || wasTried(tried, address)) continue
      best = address
      bestLoad = load
      bestIndex = index
    }
    if (best !== undefined) this.#start = bestIndex + 1
    return best
  }
}
