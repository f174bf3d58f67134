import { isIP } from 'node:net'
import { addressSet } from './address-set.ts'

/**
 * Which calls go past a proxy, by a list as the variable `no_proxy` has it: hosts, with their
 * subdomains, addresses and ranges, separated by commas or spaces; `*` stands for all. A host may
 * have a port, and begin with `.` or `*.`.
 *
 * @returns whether a call to a URL does
 * @throws nothing for what {@link noProxyFault} finds good
 */
export function bypassRule(list: string): (url: URL) => boolean {
  const entries = entriesOf(list)
  if (entries.includes('*')) return () => true
  const addresses = addressSet(entries.filter(isAddressRange))
  const hosts = entries.filter((entry) => !isAddressRange(entry)).map(hostOf)

  return (url) => {
    const name = url.hostname.replaceAll(/^\[|\]$/g, '').replace(/\.$/, '')
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
    if (isIP(name) !== 0 && addresses.has(name)) return true
    return hosts.some(
      (each) =>
        (each.port === undefined || each.port === port) &&
        (name === each.name || name.endsWith(`.${each.name}`)),
    )
  }
}

/** What is wrong with such a list. */
export function noProxyFault(list: string): string | undefined {
  const bad = entriesOf(list).find(
    (entry) => entry !== '*' && !isAddressRange(entry) && !HOST.test(entry),
  )
  return bad === undefined
    ? undefined
    : `'${bad}' is no host, address or range; separate them by commas`
}

const HOST = /^(?:\*?\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?(?::\d{1,5})?$/

function entriesOf(list: string): readonly string[] {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map((entry) => entry.replace(/^\[(.*)\]$/, '$1'))
}

function isAddressRange(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  )
}

function hostOf(entry: string): { readonly name: string; readonly port: string | undefined } {
  const [host = '', port] = entry.split(':')
  return { name: host.replace(/^\*?\./, '').replace(/\.$/, ''), port }
}
