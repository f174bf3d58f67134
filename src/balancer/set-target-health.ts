import { splitPlace } from './host-name.ts'
import type { UpstreamBalancer } from './upstream-balancer.ts'

/**
 * Sets the health of a target's addresses by hand.
 * @returns why it could not be set, if so
 */
export function setTargetHealth(
  balancer: UpstreamBalancer,
  change: {
    readonly targetId: string
    readonly isHealthy: boolean
    /** `ip:port` or `[ip]:port`; absent: all addresses. */
    readonly address: string | undefined
  },
): string | undefined {
  const { targetId, isHealthy, address } = change
  const { name } = balancer.upstream
  if (!balancer.rules.isChecked) return `no healthchecker found for ${name}`
  const target = balancer.targets.find(({ id }) => id === targetId)
  if (target === undefined) return `no target ${targetId} in upstream ${name}`
  const wanted = address === undefined ? undefined : splitPlace(address)
  const chosen = target.addresses.filter(
    ({ ip, port }) => wanted === undefined || (ip === wanted.host && port === wanted.port),
  )
  if (chosen.length === 0 && address !== undefined)
    return `target ${target.host}:${target.port} has no address ${address}`
  for (const each of chosen) if (each.counters.set(isHealthy)) balancer.healthChanged(each)
  return undefined
}
