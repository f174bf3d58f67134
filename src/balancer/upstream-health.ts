import type { AddressHealth, TargetHealth, UpstreamHealth, WeightSum } from './peer.ts'
import type { UpstreamBalancer } from './upstream-balancer.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** What the Admin API shows of an upstream. */
export function upstreamHealth(balancer: UpstreamBalancer): UpstreamHealth {
  const { rules, totalWeight, availableWeight } = balancer
  return {
    isChecked: rules.isChecked,
    balancer: balancer.isServing ? 'HEALTHY' : 'UNHEALTHY',
    weight: weightSum(totalWeight, availableWeight),
    targets: balancer.targets.map((target) => targetHealth(target, rules.isChecked)),
  }
}

function targetHealth(target: UpstreamTarget, isChecked: boolean): TargetHealth {
  const { addresses } = target
  const total = addresses.reduce((sum, { weight }) => sum + weight, 0)
  const available = addresses.reduce(
    (sum, { weight, isAvailable }) => sum + (isAvailable ? weight : 0),
    0,
  )
  return {
    targetId: target.id,
    host: target.host,
    port: target.port,
    dns: target.dns,
    nodeWeight: target.nodeWeight,
    weight: weightSum(total, available),
    health: overallHealth(target, isChecked),
    addresses: addresses.map(({ ip, port, weight, isAvailable }): AddressHealth => ({
      ip,
      port,
      weight,
      health: isAvailable ? 'HEALTHY' : 'UNHEALTHY',
    })),
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
