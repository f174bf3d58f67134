import { parseHttpDate } from '../../plugin-kit/http-date.ts'

/** Directives of a `Cache-Control` field, with the numbers of those that have one. */
export type Directives = ReadonlyMap<string, number | true>

/** Reads directives; names in lower case. A value that is no number counts as none. */
export function parseCacheControl(values: readonly string[]): Directives {
  const directives = new Map<string, number | true>()
  for (const part of values.join(',').split(',')) {
    const [name = '', value = ''] = part.split('=', 2).map((text) => text.trim())
    const digits = /^"?(\d+)"?$/.exec(value)?.[1]
    if (name !== '')
      directives.set(name.toLowerCase(), digits === undefined ? true : Number(digits))
  }
  return directives
}

export function secondsOf(directives: Directives, name: string): number | undefined {
  const value = directives.get(name)
  return typeof value === 'number' ? value : undefined
}

/** How long a response says that it may be served, in seconds; 0 when it does not say. */
export function lifetimeOf(
  directives: Directives,
  expires: string | undefined,
  nowSeconds: number,
): number {
  const maxAge = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age')
  if (maxAge !== undefined) return maxAge
  const expiry = expires === undefined ? undefined : parseHttpDate(expires)
  return expiry === undefined ? 0 : Math.max(0, expiry - nowSeconds)
}
