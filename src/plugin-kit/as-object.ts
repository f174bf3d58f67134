import { fromByteString } from '../base/buffer-slices.ts'

/** Members by name, a list for a name with several values. The object inherits nothing. */
export type ByName<Value> = Record<string, Value | Value[]>

type HeaderEntries = readonly (readonly [name: string, value: string])[]

/** Headers by lower-case name, their bytes as the text that they are. */
export function headersAsObject(headers: HeaderEntries): ByName<string> {
  return group(headers.map(([name, value]) => [name.toLowerCase(), fromByteString(value)] as const))
}

/** Headers by lower-case name, a letter for a byte, as they can be sent on. */
export function headersAsBytes(headers: HeaderEntries): ByName<string> {
  return group(headers.map(([name, value]) => [name.toLowerCase(), value] as const))
}

/** Arguments by name; `true` for one without value. */
export function queryAsObject(
  pairs: readonly (readonly [name: string, value: string | true])[],
): ByName<string | true> {
  return group(pairs)
}

function group<Value>(pairs: readonly (readonly [name: string, value: Value])[]): ByName<Value> {
  // Names are a client's, and without a prototype none is special.
  const grouped = Object.create(null) as ByName<Value>
  for (const [name, value] of pairs) {
    const known = grouped[name]
    if (known === undefined) grouped[name] = value
    else if (Array.isArray(known)) known.push(value)
    else grouped[name] = [known, value]
  }
  return grouped
}
