import { isIP, isIPv6 } from 'node:net'

/**
 * The address that a host is written as, in brackets or not; IPv6 in its shortest form.
 * @returns nothing when it is a name
 */
export function literalIp(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  const family = isIP(bare)
  if (family === 4) return bare
  // A zone such as "%eth0" has no place in URLs, so an address with one stays as it is.
  if (family === 6)
    return bare.includes('%') ? bare : new URL(`http://[${bare}]`).hostname.slice(1, -1)
  return undefined
}

/** Splits `ip:port`, `[ip]:port` or `name:port`; brackets go. */
export function splitPlace(place: string): { readonly host: string; readonly port: number } {
  const colon = place.lastIndexOf(':')
  const host = place.slice(0, colon)
  return { host: literalIp(host) ?? host, port: Number(place.slice(colon + 1)) }
}

/** A host as it stands in URLs and `Host`: IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host
}
