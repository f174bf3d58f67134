import { addressSet } from '../address-set.ts'

/**
 * Addresses that no server on the internet has: this machine, private networks, and what is set
 * aside for special purposes. Whoever may name a URL could otherwise have the gateway look into the
 * network it stands in.
 *
 * @see RFC 6890, and the registries of IANA that it began
 */
const SPECIAL = addressSet([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
])

/** @param ip a valid address; an IPv4 address in its IPv6 form is judged as the former */
export function isPrivateAddress(ip: string): boolean {
  return SPECIAL.has(ip)
}
