import type { ClientRequest } from '../../plugin-kit/exchange.ts'

/** Where a plugin instance looks for tokens. */
export interface TokenSources {
  readonly queryNames: readonly string[]
  readonly cookieNames: readonly string[]
  /** Lower-case. */
  readonly headerNames: readonly string[]
  /** Whether `Authorization: DPoP` has a token, too. RFC 9449 §7.1 */
  readonly takesDpop: boolean
}

/** A token as found; `true` is a query argument without a value. */
export type FoundToken = string | true

/**
 * All different tokens of a request. The same token in several places counts once; which of several
 * is meant nobody can say, so the caller refuses them.
 */
export function collectTokens(
  request: ClientRequest,
  sources: TokenSources,
): ReadonlySet<FoundToken> {
  const tokens = new Set<FoundToken>()
  const add = (token: FoundToken | undefined): void => {
    if (token !== undefined && token !== '') tokens.add(token)
  }
  if (request.rawQuery !== '')
    for (const name of sources.queryNames) for (const value of request.queryValues(name)) add(value)
  for (const name of sources.cookieNames) add(request.cookie(name))
  for (const name of sources.headerNames) add(bearerToken(request.header(name)))
  if (sources.takesDpop) add(dpopToken(request))
  return tokens
}

/** Where the first token stands, for people; `undefined` when there is none. */
export function placeOf(request: ClientRequest, sources: TokenSources): string | undefined {
  const inQuery = sources.queryNames.find((name) => request.queryValue(name) !== undefined)
  if (inQuery !== undefined) return `?${inQuery}`
  const inCookie = sources.cookieNames.find((name) => request.cookie(name) !== undefined)
  if (inCookie !== undefined) return `cookie ${inCookie}`
  if (sources.takesDpop && dpopToken(request) !== undefined) return 'Authorization: DPoP'
  const inHeader = sources.headerNames.find(
    (name) => bearerToken(request.header(name)) !== undefined,
  )
  if (inHeader === undefined) return undefined
  return `${inHeader === 'authorization' ? 'Authorization' : inHeader}: Bearer`
}

/**
 * The token of a header value. As in Kong the scheme has these two spellings only, and need not
 * stand at the beginning.
 */
export function bearerToken(value: string | undefined): string | undefined {
  return value === undefined ? undefined : /[Bb]earer\s+(.+)/.exec(value)?.[1]
}

/** The token that a client sends together with a proof that it is its own. */
export function dpopToken(request: ClientRequest): string | undefined {
  return /^dpop +(\S+) *$/i.exec(request.header('authorization') ?? '')?.[1]
}

/**
 * Makes the way for the usual request: one token in `Authorization: Bearer …`. It reads one header
 * and allocates nothing but the token.
 *
 * @returns a function that gives the only token of a request, or `undefined` when it takes a closer
 * look to tell; `undefined` instead of a function where cookies or other headers count
 */
export function soleBearer(
  sources: TokenSources,
): ((request: ClientRequest) => string | undefined) | undefined {
  const { headerNames, cookieNames, queryNames } = sources
  if (cookieNames.length > 0 || headerNames.length !== 1 || headerNames[0] !== 'authorization')
    return undefined

  return function soleToken(request) {
    const value = request.header('authorization')
    if (value === undefined || !value.startsWith('Bearer ')) return undefined
    // More white space: the token begins later.
    if (value.length === 7 || value.charCodeAt(7) <= 0x20) return undefined
    const { rawQuery } = request
    if (rawQuery !== '' && mayHold(rawQuery, queryNames)) return undefined
    return value.slice(7)
  }
}

/** Whether a query may hold an argument of one of these names; an encoded letter could be theirs. */
function mayHold(rawQuery: string, names: readonly string[]): boolean {
  if (names.length === 0) return false
  if (rawQuery.includes('%') || rawQuery.includes('+')) return true
  for (const name of names) if (rawQuery.includes(name)) return true
  return false
}
