import { describe, expect, it } from 'vitest'
import type { Peer, PeerSource } from '../balancer/peer.ts'
import type { ProxyExchange } from './exchange.ts'
import type { GatewayError } from './gateway-error.ts'
import { pickPeer, type PeerTaker } from './tries.ts'

const PEER: Peer = { ip: '127.0.0.1', port: 1, hostname: 'a', hostHeader: undefined, key: 'a' }

/** Picks once, later, and keeps what is said of it. */
async function pick(picked: Promise<Peer>, taker: Partial<PeerTaker>) {
  const told: string[] = []
  const log = { error: (message: string) => void told.push(`log ${message}`) }
  const exchange = { id: 'e', tried: [], context: { log } } as unknown as ProxyExchange
  const peers = {
    pick: () => picked,
    release: () => void told.push('released'),
  } as unknown as PeerSource
  pickPeer(exchange, peers, {
    isOver: false,
    onPeer: () => void told.push('peer'),
    onNoPeer: ({ code }: GatewayError) => void told.push(`none: ${code}`),
    ...taker,
  })
  // All that follows a promise that is settled comes before the next turn.
  await new Promise((resolve) => setImmediate(resolve))
  return told
}

describe('pickPeer, where a name has to be resolved', () => {
  it('tells of the peer', async () => {
    expect(await pick(Promise.resolve(PEER), {})).toEqual(['peer'])
  })

  it('tells that there is none when the pick fails', async () => {
    expect(await pick(Promise.reject(new Error('x')), {})).toEqual([
      'log Cannot pick a peer for exchange e',
      'none: dns_failed',
    ])
  })

  it('tells nothing to what is over, and lets go of what it would have had', async () => {
    const isOver = true
    expect(await pick(Promise.resolve(PEER), { isOver })).toEqual(['released'])
    expect(await pick(Promise.reject(new Error('x')), { isOver })).toEqual([
      'log Cannot pick a peer for exchange e',
    ])
  })

  it('does not take for a fault of names what goes wrong with the peer', async () => {
    const onPeer = (): void => {
      throw new Error('x')
    }
    expect(await pick(Promise.resolve(PEER), { onPeer })).toEqual([
      'log Cannot handle exchange e',
      'none: plugin_failed',
    ])
  })
})
