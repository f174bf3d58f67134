import { isIPv4 } from 'node:net'
import type { Config } from './schema.ts'

/** Whether a certificate may be had for a host. */
export type DomainRule = (host: string) => boolean

/** Names are compared without case; a `*` stands for one label or more, at the end where it is configured. */
export function domainRule(
  config: Pick<Config, 'allow_any_domain' | 'domains' | 'enable_ipv4_common_name'>,
): DomainRule {
  const domains = (config.domains ?? []).map((domain) => domain.toLowerCase())
  const exact = new Set(domains.filter((domain) => !domain.includes('*')))
  const ends = domains.filter((domain) => domain.startsWith('*')).map((domain) => domain.slice(1))
  const starts = domains
    .filter((domain) => domain.endsWith('*'))
    .map((domain) => domain.slice(0, -1))
  return (given) => {
    const host = given.toLowerCase()
    if (!config.enable_ipv4_common_name && isIPv4(host)) return false
    if (config.allow_any_domain || exact.has(host)) return true
    return ends.some((end) => host.endsWith(end)) || starts.some((start) => host.startsWith(start))
  }
}
