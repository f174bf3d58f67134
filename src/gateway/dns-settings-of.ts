import type { DnsOrderEntry, DnsSettings } from '../balancer/dns/dns-settings.ts'
import type { Settings } from '../settings/settings.ts'

export function dnsSettingsOf(settings: Settings): DnsSettings {
  return {
    servers: settings.dns_resolver,
    resolvConfPath: '/etc/resolv.conf',
    hostsFilePath: settings.dns_hostsfile,
    order: settings.dns_order.map((type) => type.toUpperCase() as DnsOrderEntry),
    validTtlSeconds: settings.dns_valid_ttl,
    staleTtlSeconds: settings.dns_stale_ttl,
    notFoundTtlSeconds: settings.dns_not_found_ttl,
    errorTtlSeconds: settings.dns_error_ttl,
    cacheSize: settings.dns_cache_size,
  }
}
