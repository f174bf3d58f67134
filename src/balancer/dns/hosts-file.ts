import { isIP } from 'node:net'

export interface HostsEntry {
  readonly ipv4: string | undefined
  readonly ipv6: string | undefined
}

/**
 * Reads a hosts file: the first address of each family for a name counts. `localhost` is known
 * even if the file does not list it.
 * @returns entries by lower-case name
 */
export function parseHostsFile(text: string): ReadonlyMap<string, HostsEntry> {
  const hosts = new Map<string, HostsEntry>()
  for (const line of text.split('\n')) {
    const [address, ...names] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    const ip = address?.replace(/^\[(.*)\]$/, '$1').replace(/%.*/, '') ?? ''
    const family = isIP(ip)
    if (family !== 0) for (const name of names) add(hosts, name.toLowerCase(), { ip, family })
  }
  if (!hosts.has('localhost')) hosts.set('localhost', { ipv4: '127.0.0.1', ipv6: '::1' })
  return hosts
}

function add(
  hosts: Map<string, HostsEntry>,
  name: string,
  { ip, family }: { readonly ip: string; readonly family: number },
): void {
  const known = hosts.get(name)
  hosts.set(name, {
    ipv4: known?.ipv4 ?? (family === 4 ? ip : undefined),
    ipv6: known?.ipv6 ?? (family === 6 ? ip : undefined),
  })
}
