import { withoutCookie } from '../../http/cookies.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { withoutArgument } from '../../plugin-kit/query-arguments.ts'
import { bearerToken, dpopToken, type TokenSources } from './collect-tokens.ts'

/** Takes tokens out of the request to the upstream, good and bad ones, wherever one is looked for. */
export function hideTokens(
  { request, upstream }: Exchange,
  { headerNames, queryNames, cookieNames, takesDpop }: TokenSources,
): void {
  for (const name of headerNames)
    if (bearerToken(request.header(name)) !== undefined) upstream.removeHeader(name)
  if (takesDpop && dpopToken(request) !== undefined)
    for (const name of ['authorization', 'dpop']) upstream.removeHeader(name)
  if (request.rawQuery !== '')
    for (const name of queryNames) {
      const query = withoutArgument(upstream.rawQuery, name)
      if (query !== upstream.rawQuery) upstream.rawQuery = query
    }
  if (cookieNames.some((name) => request.cookie(name) !== undefined)) {
    const kept = upstream
      .headerValues('cookie')
      .map((field) => cookieNames.reduce(withoutCookie, field))
      .filter((field) => field !== '')
    if (kept.length === 0) upstream.removeHeader('cookie')
    else upstream.setHeader('Cookie', kept)
  }
}
