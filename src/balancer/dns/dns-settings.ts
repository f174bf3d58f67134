export type DnsOrderEntry = 'LAST' | 'SRV' | 'A' | 'AAAA' | 'CNAME'

/** How names are resolved; the fields follow the `dns_…` and `resolver_…` settings. */
export interface DnsSettings {
  /** `ip`, `ip:port` or `[ip]:port`; none: those of resolv.conf. */
  readonly servers: readonly string[]
  readonly resolvConfPath: string
  readonly hostsFilePath: string
  /**
   * Types in order of preference; `LAST` is the one that worked before. `CNAME` needs no query of
   * its own: aliases are followed in the answers to the others.
   */
  readonly order: readonly DnsOrderEntry[]
  /** Which names SRV records are asked for: all, or those like `_http._tcp.example.com`. @see RFC 2782 */
  readonly servicesOf: 'every name' | 'service names'
  /** Replaces the TTL of every record. */
  readonly validTtlSeconds: number | undefined
  /** How long an expired answer serves while it is being renewed. */
  readonly staleTtlSeconds: number
  readonly notFoundTtlSeconds: number
  readonly errorTtlSeconds: number
  /** Names kept; the one renewed longest ago goes first. */
  readonly cacheSize: number
}

export const DEFAULT_DNS_SETTINGS: DnsSettings = {
  servers: [],
  resolvConfPath: '/etc/resolv.conf',
  hostsFilePath: '/etc/hosts',
  order: ['LAST', 'SRV', 'A', 'CNAME'],
  servicesOf: 'every name',
  validTtlSeconds: undefined,
  staleTtlSeconds: 3600,
  notFoundTtlSeconds: 30,
  errorTtlSeconds: 1,
  cacheSize: 10_000,
}
