import type { ClientRequest } from '../../plugin-kit/exchange.ts'

/** So that four logins fit into the cookies that keep them. */
const MAX_KEPT = 800

/** Path and query that were asked for, to go back there after a login. */
export function askedFor({ rawPath, rawQuery }: ClientRequest): string {
  const whole = rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`
  if (whole.length <= MAX_KEPT) return whole
  return rawPath.length <= MAX_KEPT ? rawPath : '/'
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
