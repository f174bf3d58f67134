import { isJsonObject, type JsonObject } from '../../base/json.ts'

/** Where claims are, the first place counts. */
export type ClaimSources = readonly (JsonObject | undefined)[]

/** @param path the names on the way to a claim */
export function claimAt(sources: ClaimSources, path: readonly string[]): unknown {
  for (const source of sources) {
    let value: unknown = source
    for (const name of path)
      value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

/** A claim that names one thing, such as a user. Numbers count as they are written. */
export function claimText(sources: ClaimSources, path: readonly string[]): string | undefined {
  const value = claimAt(sources, path)
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' ? String(value) : undefined
}

/** A claim that names several: a list, or words with spaces between them. */
export function claimWords(sources: ClaimSources, path: readonly string[]): readonly string[] {
  const value = claimAt(sources, path)
  if (typeof value === 'string') return value.split(/\s+/).filter((word) => word !== '')
  if (!Array.isArray(value)) return []
  return value.filter((word): word is string => typeof word === 'string')
}
