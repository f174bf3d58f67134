import { toByteString } from '../../base/buffer-slices.ts'
import { parseQuery } from '../../http/query.ts'

/**
 * A redirect URI with parameters put into its query or its fragment. They are sorted by name, with
 * those that it has already.
 */
export function withParameters(
  uri: string,
  parameters: Readonly<Record<string, string | number | undefined>>,
  place: 'query' | 'fragment',
): string {
  const hash = uri.indexOf('#')
  const beforeHash = hash === -1 ? uri : uri.slice(0, hash)
  const mark = beforeHash.indexOf('?')
  const base = mark === -1 ? beforeHash : beforeHash.slice(0, mark)
  const query = mark === -1 ? '' : beforeHash.slice(mark + 1)
  const fragment = hash === -1 ? '' : uri.slice(hash + 1)
  const merged = merge(place === 'query' ? query : fragment, parameters)
  if (place === 'query') return `${base}?${merged}${fragment === '' ? '' : `#${fragment}`}`
  return `${base}${query === '' ? '' : `?${query}`}#${merged}`
}

function merge(
  given: string,
  parameters: Readonly<Record<string, string | number | undefined>>,
): string {
  const all = new Map<string, string>()
  for (const [name, value] of parseQuery(toByteString(given)))
    all.set(name, value === true ? '' : value)
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) all.set(name, String(value))
  return [...all]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
}
