import { flat } from '../base/buffer-slices.ts'
import { RecentMap } from '../base/recent-map.ts'
import { asciiLower } from '../router/byte-text.ts'

/** What follows from the value of a Host field. */
export interface HostFacts {
  readonly host: string
  /** Without port and last dot, in lower case; brackets of an IPv6 address stay. */
  readonly name: string
  /** It names one host, as nginx judges it. */
  readonly isValid: boolean
}

const KNOWN_HOSTS = 512
/** Of the longest name there is, with a port. */
const KNOWN_LENGTH = 255 + 6
const known = new RecentMap<string, HostFacts>(KNOWN_HOSTS)
let last: HostFacts = { host: '', name: '', isValid: false }

/** Hosts repeat: the last one is compared, those used lately are remembered. */
export function hostFacts(host: string): HostFacts {
  if (host === last.host) return last
  let facts = known.get(host)
  if (facts === undefined) {
    // A part of a head would keep the whole of it.
    const kept = flat(host)
    facts = { host: kept, name: hostNameOf(kept), isValid: isValidHost(kept) }
    if (kept.length <= KNOWN_LENGTH && facts.isValid) known.set(kept, facts)
  }
  last = facts
  return facts
}

/** Host without its port and the dot of a fully qualified name, in lower case: nginx's `$host`. */
export function hostNameOf(host: string): string {
  const colon = host.lastIndexOf(':')
  const name = colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
  return asciiLower(name.endsWith('.') ? name.slice(0, -1) : name)
}

/** @see nginx, ngx_http_validate_host; stricter: nothing but a port may follow the name */
function isValidHost(host: string): boolean {
  return HOST.test(host) && !host.includes('..')
}

// oxlint-disable-next-line no-control-regex -- bytes that no host name has
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|(?!\.(?::|$))[^\u0000-\u0020\u007F/\\?#@:[\]]+)(?::\d{0,5})?$/
