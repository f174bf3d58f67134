import { compilePattern } from '../../plugin-kit/pattern.ts'

/** What `Access-Control-Allow-Origin` shall say to a request. */
export type AllowedOrigin =
  /** Every origin is allowed. */
  | { readonly kind: 'any'; readonly varies: boolean }
  /** One origin, which depends on the request unless it is the only one configured. */
  | { readonly kind: 'one'; readonly value: string }
  | { readonly kind: 'none' }

/** Decides by the request's `Origin`. */
export type OriginRule = (origin: string | undefined) => AllowedOrigin

const PLAIN = /^[A-Za-z0-9.:/-]+$/
const NONE: AllowedOrigin = { kind: 'none' }

/**
 * Makes the rule for the configured origins. A single plain one is told to everybody, whatever the
 * request's: the browser compares. Patterns must match from first to last letter; Kong lets an
 * alternative of a pattern match a beginning, and with it an attacker's longer name.
 */
export function originRule(origins: readonly string[]): OriginRule {
  const [sole] = origins
  if (sole === undefined || (origins.length === 1 && sole === '*'))
    return () => ({ kind: 'any', varies: false })
  if (origins.length === 1 && PLAIN.test(sole)) {
    const value: AllowedOrigin = { kind: 'one', value: sole }
    return () => value
  }

  const tests = origins.includes('*') ? undefined : origins.map(originTest)
  return (origin) => {
    if (origin === undefined || origin === '') return NONE
    // A `*` among others is about every origin, whatever stands before it.
    if (tests === undefined) return { kind: 'any', varies: true }
    const parsed = parseOrigin(origin)
    return tests.some((test) => test(parsed)) ? { kind: 'one', value: parsed.normalized } : NONE
  }
}

interface ParsedOrigin {
  /** Without a port that is the scheme's own. */
  readonly normalized: string
  /** The whole text when it is not a URL. */
  readonly host: string
}

function originTest(configured: string): (origin: ParsedOrigin) => boolean {
  if (PLAIN.test(configured)) {
    const { normalized } = parseOrigin(configured)
    return (origin) => origin.normalized === normalized
  }
  const pattern = compilePattern(configured)
  return configured.includes(':')
    ? (origin) => pattern.matchesWhole(origin.normalized)
    : (origin) => pattern.matchesWhole(origin.host)
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: ':80', https: ':443' }

/** What follows the host, which an origin does not have, is not compared. */
function parseOrigin(origin: string): ParsedOrigin {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/:?#]+|\[[^\]]*\])(:\d+)?(?:[/?#]|$)/.exec(
    origin,
  )
  if (match === null) return { normalized: origin, host: origin }
  const [, scheme, host, port = ''] = match
  const shownPort = DEFAULT_PORTS[scheme!] === port ? '' : port
  return { normalized: `${scheme}://${host}${shownPort}`, host: host! }
}
