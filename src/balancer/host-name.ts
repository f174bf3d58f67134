import { isIP, isIPv6 } from 'node:net'

/**
 * The address that a host is written as, in brackets or not.
 * @returns nothing when it is a name
 */
export function literalIp(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  return isIP(bare) === 0 ? undefined : bare
}

/** A host as it stands in URLs and `Host`: IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host
}
