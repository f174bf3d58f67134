/**
 * What choosing a peer costs: nanoseconds and heap bytes for a pick, its report and its release.
 *
 * `node --expose-gc bench/micro/balancer.bench.ts`; without the flag bytes are left out.
 */
import type { Upstream } from '../../src/entities/entity.ts'
import { createBalancers } from '../../src/balancer/create-balancers.ts'
import { DEFAULT_DNS_SETTINGS } from '../../src/balancer/dns/dns-settings.ts'
import type { Peer, PeerSource } from '../../src/balancer/peer.ts'
import { requestOf, targetsOf, upstreamOf } from '../../src/balancer/testing/balancing-entities.ts'

const PICKS = 500_000
const ROUNDS = 7
const REQUESTS = Array.from({ length: 1024 }, (_, index) => requestOf({ header: `user-${index}` }))
const OUTCOME = { kind: 'ok', status: 200, connectMs: 0, responseMs: 3 } as const

const ALGORITHMS: readonly [name: string, fields: Partial<Upstream>][] = [
  ['round-robin', {}],
  ['least-connections', { algorithm: 'least-connections' }],
  ['latency', { algorithm: 'latency' }],
  [
    'consistent-hashing',
    { algorithm: 'consistent-hashing', hash_on: 'header', hash_on_header: 'x' },
  ],
]

function sourceOver(fields: Partial<Upstream>, weights: readonly number[]): PeerSource {
  const balancers = createBalancers({ dns: DEFAULT_DNS_SETTINGS, log: console })
  const targets = weights.map(
    (weight, index) => [`10.0.${index >> 8}.${index & 255}:80`, weight] as const,
  )
  balancers.apply([upstreamOf(fields)], targetsOf(targets))
  return balancers.source('backend', 80)
}

function run(source: PeerSource): void {
  for (let count = 0; count < PICKS; count += 1) {
    const peer = source.pick(REQUESTS[count & 1023]!, NOBODY) as Peer
    source.report(peer, OUTCOME)
    source.release(peer)
  }
}

const NOBODY: readonly Peer[] = []

function measure(name: string, source: PeerSource): void {
  run(source)
  const times: number[] = []
  let bytes = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round += 1) {
    globalThis.gc?.()
    const heapBefore = process.memoryUsage().heapUsed
    const start = process.hrtime.bigint()
    run(source)
    times.push(Number(process.hrtime.bigint() - start) / PICKS)
    bytes = Math.min(bytes, (process.memoryUsage().heapUsed - heapBefore) / PICKS)
  }
  const [least, ...others] = times.sort((a, b) => a - b)
  const median = [least!, ...others][Math.floor(ROUNDS / 2)]!
  const heap = globalThis.gc === undefined ? '' : `${Math.max(bytes, 0).toFixed(1).padStart(8)} B`
  console.log(`${name.padEnd(44)}${median.toFixed(1).padStart(9)} ns${heap}`)
}

const plain = createBalancers({ dns: DEFAULT_DNS_SETTINGS, log: console })
measure('one address', plain.source('192.0.2.1', 80))
measure('localhost', plain.source('localhost', 80))
for (const [name, fields] of ALGORITHMS)
  for (const size of [2, 10, 100]) {
    measure(
      `${name}, ${size} equal targets`,
      sourceOver(
        fields,
        Array.from({ length: size }, () => 100),
      ),
    )
    if (name !== 'round-robin') continue
    const uneven = Array.from({ length: size }, (_, index) => 1 + (index % 7))
    measure(`${name}, ${size} targets of several weights`, sourceOver(fields, uneven))
  }
