import type { DnsOrderEntry, DnsSettings } from '../balancer/dns/dns-settings.ts'
import type { Settings } from '../settings/settings.ts'

export function dnsSettingsOf(settings: Settings): DnsSettings {
  return settings.new_dns_client ? ofNewClient(settings) : ofClient(settings)
}

function ofClient(settings: Settings): DnsSettings {
  return {
    servers: settings.dns_resolver,
    resolvConfPath: RESOLV_CONF,
    hostsFilePath: settings.dns_hostsfile,
    order: settings.dns_order.map((type) => type.toUpperCase() as DnsOrderEntry),
    servicesOf: 'every name',
    validTtlSeconds: settings.dns_valid_ttl,
    staleTtlSeconds: settings.dns_stale_ttl,
    notFoundTtlSeconds: settings.dns_not_found_ttl,
    errorTtlSeconds: settings.dns_error_ttl,
    cacheSize: settings.dns_cache_size,
  }
}

/** The families of Kong's newer client have no order of their own: services, IPv4, IPv6. */
function ofNewClient(settings: Settings): DnsSettings {
  const families = settings.resolver_family.map((type) => type.toUpperCase())
  return {
    servers: settings.resolver_address,
    resolvConfPath: RESOLV_CONF,
    hostsFilePath: settings.resolver_hosts_file,
    order: FAMILIES.filter((type) => families.includes(type)),
    servicesOf: 'service names',
    validTtlSeconds: settings.resolver_valid_ttl,
    staleTtlSeconds: settings.resolver_stale_ttl,
    notFoundTtlSeconds: settings.resolver_error_ttl,
    errorTtlSeconds: settings.resolver_error_ttl,
    cacheSize: settings.resolver_lru_cache_size,
  }
}

const RESOLV_CONF = '/etc/resolv.conf'
const FAMILIES: readonly DnsOrderEntry[] = ['SRV', 'A', 'AAAA']
