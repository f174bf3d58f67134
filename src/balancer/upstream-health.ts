import type { AddressHealth, TargetHealth, UpstreamHealth, WeightSum } from './peer.ts'
import type { TargetAddress } from './target-address.ts'
import type { UpstreamBalancer } from './upstream-balancer.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** What the Admin API shows of an upstream. */
export function upstreamHealth(balancer: UpstreamBalancer, nowMs: number): UpstreamHealth {
  balancer.refresh()
  const { rules, totalWeight, availableWeight } = balancer
  return {
    isChecked: rules.isChecked,
    balancer: balancer.isServing ? 'HEALTHY' : 'UNHEALTHY',
    weight: weightSum(totalWeight, availableWeight),
    targets: balancer.targets.map((target) => targetHealth(target, { balancer, nowMs })),
  }
}

function targetHealth(
  target: UpstreamTarget,
  { balancer, nowMs }: { readonly balancer: UpstreamBalancer; readonly nowMs: number },
): TargetHealth {
  const { addresses } = target
  const total = addresses.reduce((sum, { fullWeight }) => sum + fullWeight, 0)
  const available = addresses.reduce(
    (sum, { fullWeight, isAvailable }) => sum + (isAvailable ? fullWeight : 0),
    0,
  )
  return {
    targetId: target.id,
    host: target.host,
    port: target.port,
    dns: target.dns,
    nodeWeight: target.nodeWeight,
    weight: weightSum(total, available),
    health: overallHealth(target, balancer.rules.isChecked),
    addresses: addresses.map((address) => addressHealth(address, balancer, nowMs)),
  }
}

/** What Kong does not have is shown only where it is used. */
function addressHealth(
  { ip, port, fullWeight, weight, isAvailable, circuit }: TargetAddress,
  { circuitRules, upstream }: UpstreamBalancer,
  nowMs: number,
): AddressHealth {
  const state = circuit.state(nowMs)
  return {
    ip,
    port,
    weight: fullWeight,
    health: isAvailable ? 'HEALTHY' : 'UNHEALTHY',
    ...(upstream.slow_start !== undefined && { current_weight: Math.round(weight * 10) / 10 }),
    ...(circuitRules !== undefined && {
      circuit: {
        state,
        failures: circuit.failuresInARow,
        openings: circuit.openings,
        ...(state === 'OPEN' && { open_until: Math.ceil(circuit.openUntilMs) / 1000 }),
      },
    }),
  }
}

/** One healthy address is enough for a target to be healthy. */
function overallHealth(target: UpstreamTarget, isChecked: boolean): TargetHealth['health'] {
  if (target.addresses.length === 0) return 'DNS_ERROR'
  if (!isChecked || target.nodeWeight === 0) return 'HEALTHCHECKS_OFF'
  return target.addresses.some((address) => address.isAvailable) ? 'HEALTHY' : 'UNHEALTHY'
}

function weightSum(total: number, available: number): WeightSum {
  return { total, available, unavailable: total - available }
}
