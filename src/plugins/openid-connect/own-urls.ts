import type { ClientRequest } from '../../plugin-kit/exchange.ts'

/**
 * Scheme, host and port under which the browser reaches the gateway. What a proxy in front says
 * counts where that proxy is trusted; else the browser's own `Host` does, with the port that the
 * browser sees.
 */
export function ownOrigin(request: ClientRequest): string {
  const { forwardedScheme: scheme, forwardedHost: host, forwardedPort: port } = request
  const sent = request.header('host')
  if (host === request.host && sent !== undefined) return `${scheme}://${sent}`
  const isDefault = port === (scheme === 'https' ? 443 : 80)
  return `${scheme}://${host}${isDefault ? '' : `:${port}`}`
}

/** So that four logins fit into the cookies that keep them. */
const MAX_KEPT = 800

/** Path and query that were asked for, to go back there after a login. */
export function askedFor({ rawPath, rawQuery }: ClientRequest): string {
  const whole = rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`
  if (whole.length <= MAX_KEPT) return whole
  return rawPath.length <= MAX_KEPT ? rawPath : '/'
}

/**
 * The URL of a path of this gateway. It is put behind the origin as text, so that a path such as
 * `//elsewhere` cannot lead elsewhere.
 */
export function ownUrl(request: ClientRequest, pathAndQuery: string): string {
  return `${ownOrigin(request)}${pathAndQuery.startsWith('/') ? '' : '/'}${pathAndQuery}`
}

/** The same URL with further arguments, in its query or its fragment. */
export function withArguments(
  url: string,
  pairs: Readonly<Record<string, string>>,
  where: 'query' | 'fragment' = 'query',
): string {
  const whole = new URL(url)
  if (where === 'query')
    for (const [name, value] of Object.entries(pairs)) whole.searchParams.set(name, value)
  else whole.hash = new URLSearchParams(pairs).toString()
  return whole.href
}
