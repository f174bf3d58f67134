import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import { htmlPage, message, type AdminAnswer } from './admin-answer.ts'

/** From where an address can be reached. */
export type Reach = 'machine' | 'network'

/** Who may ask the Admin API. Empty rules let everybody. */
export interface AccessRules {
  /** What `Authorization: Bearer` or `Kong-Admin-Token` must say. */
  readonly token?: string | undefined
  /**
   * Names that `Host` may have besides loopback names and addresses. Whoever makes a browser take a
   * name of theirs for this machine (DNS rebinding) has none of them. Absent: every name.
   */
  readonly hosts?: readonly string[] | undefined
  /** Origins whose pages may ask, besides those of this machine. Absent: every page. */
  readonly origins?: readonly string[] | undefined
  /** On addresses with TLS, as nginx's `ssl_verify_client`. */
  readonly clientCertificate?: 'on' | 'optional' | undefined
  /**
   * For addresses that other machines reach, where nothing tells operators from strangers: only who
   * comes from this machine may ask, under a name of this machine or one of `hosts`.
   */
  readonly thisMachineOnly?: { readonly hosts: readonly string[] } | undefined
}

/** What is known of a request before its body is read. Fields are those of its head. */
export interface Visitor {
  readonly method: string
  /** Address of the other end of the connection; absent once that is gone. */
  readonly peer: string | undefined
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly authorization: string | undefined
  readonly adminToken: string | undefined
  /** Absent on addresses without TLS. */
  readonly certificate: 'none' | 'trusted' | 'untrusted' | undefined
}

/** @returns the answer to whoever may not ask; nothing for who may */
export function accessRefusal(rules: AccessRules, visitor: Visitor): AdminAnswer | undefined {
  return (
    certificateRefusal(rules, visitor) ??
    addressRefusal(rules, visitor) ??
    strangerRefusal(rules, visitor) ??
    tokenRefusal(rules, visitor)
  )
}

/** Answered as nginx answers. */
function certificateRefusal(
  { clientCertificate }: AccessRules,
  { certificate }: Visitor,
): AdminAnswer | undefined {
  if (clientCertificate === undefined) return undefined
  if (certificate === 'untrusted') return htmlPage(400, 'The SSL certificate error')
  return certificate === 'none' && clientCertificate === 'on'
    ? htmlPage(400, 'No required SSL certificate was sent')
    : undefined
}

function addressRefusal(
  { hosts, origins }: AccessRules,
  { host, origin }: Visitor,
): AdminAnswer | undefined {
  const name = nameAskedFor(host)
  if (hosts !== undefined && (name === undefined || !isOurs(name, hosts))) return UNKNOWN_HOST
  if (origins === undefined || origin === undefined || origins.includes(origin)) return undefined
  const page = hostName(origin)
  return page !== undefined && (isLoopbackName(page) || page === name)
    ? undefined
    : message(403, 'pages of this origin may not use the Admin API: see admin_gui_url')
}

const UNKNOWN_HOST = message(403, 'this host name is not one of the Admin API: see admin_hosts')

/** Preflights are let through, so that a page can read what the answer to its request says. */
function strangerRefusal(
  { thisMachineOnly }: AccessRules,
  { method, peer, host, certificate }: Visitor,
): AdminAnswer | undefined {
  if (thisMachineOnly === undefined || method === 'OPTIONS' || certificate === 'trusted')
    return undefined
  if (peer === undefined || !isLoopbackAddress(peer.replace(/^::ffff:/i, ''))) return STRANGER
  const name = nameAskedFor(host)
  return name !== undefined && isOurs(name, thisMachineOnly.hosts) ? undefined : UNKNOWN_HOST
}

const STRANGER = message(
  403,
  'without a token the Admin API answers this machine only: set admin_token (KONG_ADMIN_TOKEN), or admin_guard = off (KONG_ADMIN_GUARD=off) if something else guards it',
)

/** An address in place of a name cannot be made to point elsewhere. */
function isOurs(name: string, hosts: readonly string[]): boolean {
  return isIP(bare(name)) !== 0 || isLoopbackName(name) || hosts.includes(name)
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(bare(name))
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}

function bare(name: string): string {
  return name.replace(/^\[(.*)\]$/, '$1')
}

function nameAskedFor(host: string | undefined): string | undefined {
  return host === undefined ? undefined : hostName(`http://${host}`)
}

/** @returns in lower case, without port */
function hostName(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined
}

/** Preflights carry no token; what they ask leave for will. */
function tokenRefusal({ token }: AccessRules, visitor: Visitor): AdminAnswer | undefined {
  if (token === undefined || visitor.method === 'OPTIONS') return undefined
  const { authorization, adminToken } = visitor
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? adminToken
  if (given !== undefined && isSame(given, token)) return undefined
  return {
    ...message(401, 'the Admin API asks for its token, as "Authorization: Bearer <admin_token>"'),
    headers: { 'WWW-Authenticate': 'Bearer realm="admin"' },
  }
}

/** In a time that tells nothing of either. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
