import type { Peer } from './peer.ts'
import { wasTried } from './was-tried.ts'

/** A peer that takes turns. */
export interface WeightedPeer extends Peer {
  /** 0: no turn. */
  readonly weight: number
  /** False: passed over until it is true again. */
  readonly isAvailable: boolean
  /** Kept here, so that turns go on as they were when other peers come and go. */
  credit: number
}

const NONE: readonly Peer[] = []

/**
 * Turns by weight without bursts: weights 5, 1, 1 give a a b a c a a. Exact: as often as the sum of
 * weights is picked, every peer has had as many turns as its weight.
 *
 * @see nginx, "smooth weighted round-robin", 2012, for the method
 */
export class RoundRobin<P extends WeightedPeer> {
  #peers: readonly P[] = []
  #isEven = true
  #cursor = 0

  /** @param peers their order is that of the turns */
  update(peers: readonly P[]): void {
    const next = this.#peers[this.#cursor]
    this.#peers = peers.filter((peer) => peer.weight > 0)
    this.#isEven = this.#peers.every((peer) => peer.weight === this.#peers[0]!.weight)
    const cursor = next === undefined ? -1 : this.#peers.indexOf(next)
    this.#cursor = Math.max(cursor, 0)
  }

  /** The next available peer, one not tried before if there is one. */
  next(tried: readonly Peer[]): P | undefined {
    const peer = this.#scan(tried)
    return peer === undefined && tried.length > 0 ? this.#scan(NONE) : peer
  }

  #scan(tried: readonly Peer[]): P | undefined {
    return this.#isEven ? this.#inTurn(tried) : this.#byCredit(tried)
  }

  #inTurn(tried: readonly Peer[]): P | undefined {
    const peers = this.#peers
    for (let left = peers.length; left > 0; left -= 1) {
      const peer = peers[this.#cursor]!
      this.#cursor = this.#cursor + 1 === peers.length ? 0 : this.#cursor + 1
      if (peer.isAvailable && !wasTried(tried, peer)) return peer
    }
    return undefined
  }

  /** Each pick adds every weight to its credit, takes the largest and charges it the sum. */
  #byCredit(tried: readonly Peer[]): P | undefined {
    let best: P | undefined
    let total = 0
    for (const peer of this.#peers) {
      if (!peer.isAvailable || wasTried(tried, peer)) continue
      peer.credit += peer.weight
      total += peer.weight
      if (best === undefined || peer.credit > best.credit) best = peer
    }
    if (best !== undefined) best.credit -= total
    return best
  }
}
