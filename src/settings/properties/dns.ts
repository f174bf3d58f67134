import { accepted, type PropertyTable } from '../property.ts'

/** How names of upstreams become addresses. */
export const DNS = {
  dns_resolver: {
    type: 'array',
    default: [],
    description: 'Name servers, `<ip>[:<port>]`; those of the system when unset.',
  },
  dns_hostsfile: {
    type: 'string',
    default: '/etc/hosts',
    description: 'File of names that need no name server.',
  },
  dns_order: {
    type: 'array',
    default: ['LAST', 'SRV', 'A', 'CNAME'],
    description: 'Record types in the order in which they are asked for.',
  },
  dns_valid_ttl: {
    type: 'number',
    description: 'Seconds an answer counts, whatever its own ttl says.',
  },
  dns_stale_ttl: {
    type: 'number',
    default: 3600,
    description: 'Seconds an expired answer may be used while a new one is fetched.',
  },
  dns_cache_size: {
    type: 'number',
    default: 10000,
    description: 'Most names that are remembered.',
  },
  dns_not_found_ttl: {
    type: 'number',
    default: 30,
    description: 'Seconds it is remembered that a name does not exist.',
  },
  dns_error_ttl: {
    type: 'number',
    default: 1,
    description: 'Seconds a failure of the name servers is remembered.',
  },
  dns_no_sync: accepted(false),
  new_dns_client: {
    type: 'boolean',
    default: false,
    description:
      'Names are resolved by the `resolver_…` properties in place of the `dns_…` ones. `SRV` records are then asked for only of names such as `_http._tcp.example.com`.',
  },
  resolver_address: {
    type: 'array',
    default: [],
    description:
      'With `new_dns_client`: name servers, `<ip>[:<port>]`; those of the system when unset.',
  },
  resolver_hosts_file: {
    type: 'string',
    default: '/etc/hosts',
    description: 'With `new_dns_client`: file of names that need no name server.',
  },
  resolver_family: {
    type: 'array',
    default: ['A', 'SRV'],
    description: 'With `new_dns_client`: record types that are asked for: `A`, `AAAA`, `SRV`.',
  },
  resolver_valid_ttl: {
    type: 'number',
    description: 'With `new_dns_client`: seconds an answer counts, whatever its own ttl says.',
  },
  resolver_stale_ttl: {
    type: 'number',
    default: 3600,
    description:
      'With `new_dns_client`: seconds an expired answer may be used while a new one is fetched.',
  },
  resolver_lru_cache_size: {
    type: 'number',
    default: 10000,
    description: 'With `new_dns_client`: most names that are remembered.',
  },
  resolver_mem_cache_size: accepted('5m'),
  resolver_error_ttl: {
    type: 'number',
    default: 1,
    description:
      'With `new_dns_client`: seconds it is remembered that a name does not exist, or that its servers failed.',
  },
} as const satisfies PropertyTable
