import type { Peer } from './peer.ts'

/** A peer made for one exchange stands for the address whose name it was resolved from. */
export interface StandIn extends Peer {
  readonly standsFor: Peer
}

export function wasTried(tried: readonly Peer[], peer: Peer): boolean {
  for (const other of tried)
    if (other === peer || (other as Partial<StandIn>).standsFor === peer) return true
  return false
}
