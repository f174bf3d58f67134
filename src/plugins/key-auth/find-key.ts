import { fromByteString } from '../../base/buffer-slices.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { bodyValues, type BodyFields } from '../../plugin-kit/body-fields.ts'

/** Where a plugin instance looks for keys. */
export interface KeyPlaces {
  readonly names: readonly { readonly name: string; readonly headerName: string }[]
  readonly inHeader: boolean
  readonly inQuery: boolean
}

export type FoundKey =
  | { readonly kind: 'key'; readonly key: string; readonly name: string }
  /** Several values under one name: nobody can say which is meant. */
  | { readonly kind: 'duplicate'; readonly name: string }
  | { readonly kind: 'none' }

const NONE: FoundKey = { kind: 'none' }

/**
 * Finds the API key. The names are tried in order, each in header, query and body; the first place
 * that has anything at all under the name decides about it, and the first text ends the search –
 * even an empty one. What is not a text, such as an argument without value, is passed over.
 *
 * @param body the fields of the body, where keys may stand in it
 */
export function findKey(
  request: ClientRequest,
  places: KeyPlaces,
  body: BodyFields | undefined,
): FoundKey {
  for (const { name, headerName } of places.names) {
    let values: readonly unknown[] = places.inHeader ? headerValues(request, headerName) : []
    if (values.length === 0 && places.inQuery) values = request.queryValues(name)
    if (values.length === 0 && body !== undefined) values = bodyValues(body, name)
    const [key] = values
    if (values.length > 1 || isObject(key)) return { kind: 'duplicate', name }
    if (typeof key === 'string') return { kind: 'key', key, name }
  }
  return NONE
}

/** A name written with `_` also finds the header written with `-`, but not the other way round. */
function headerValues(request: ClientRequest, name: string): readonly string[] {
  const values = request.headerValues(name)
  const found =
    values.length > 0 || !name.includes('_')
      ? values
      : request.headerValues(name.replaceAll('_', '-'))
  return found.map(fromByteString)
}

/** A JSON object; Kong cannot tell it from a list. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
