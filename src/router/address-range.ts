import { BlockList, isIP } from 'node:net'
import type { AddressRange } from '../entities/entity.ts'

/** Whether an address is in a range written as an address or in CIDR form. */
export function addressTest(range: string): (address: string) => boolean {
  const slash = range.indexOf('/')
  const list = new BlockList()
  const network = slash === -1 ? range : range.slice(0, slash)
  const family = familyOf(network)
  if (family === undefined) return () => false
  if (slash === -1) list.addAddress(network, family)
  else list.addSubnet(network, Number(range.slice(slash + 1)), family)
  return (address) => {
    const own = familyOf(address)
    return own !== undefined && list.check(address, own)
  }
}

/** Whether any of the elements fits both in address and in port, where it names them. */
export function addressRangesTest(
  ranges: readonly AddressRange[],
): (ip: string, port: number) => boolean {
  const tests = ranges.map(({ ip, port }) => ({
    isInside: ip === null || ip === undefined ? undefined : addressTest(ip),
    port: port ?? undefined,
  }))
  return (ip, port) =>
    tests.some(
      (test) =>
        (test.port === undefined || test.port === port) &&
        (test.isInside === undefined || test.isInside(ip)),
    )
}

export function describeRanges(ranges: readonly AddressRange[]): string {
  return ranges
    .map(({ ip, port }) =>
      [ip ?? '*', ...(port === null || port === undefined ? [] : [port])].join(':'),
    )
    .join(', ')
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address)
  if (version === 0) return undefined
  return version === 4 ? 'ipv4' : 'ipv6'
}
