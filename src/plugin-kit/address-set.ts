import { BlockList, isIP } from 'node:net'

/** A set of IP addresses. */
export interface AddressSet {
  has(ip: string): boolean
}

/**
 * Addresses and CIDR ranges as a set. An IPv4 address in its IPv6 form is the IPv4 address.
 * @param ranges valid ones, as a schema has checked
 */
export function addressSet(ranges: readonly string[]): AddressSet {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return {
    has(ip) {
      const plain = ip.toLowerCase().startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip
      return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
    },
  }
}
