import { fromByteString } from '../base/buffer-slices.ts'

export type QueryPair = readonly [name: string, value: string | true]

/**
 * Decoded arguments of a query string, in order; `true` for a bare name. `+` is a space.
 * Sequences that are not valid percent-encodings stay as they are.
 *
 * @param rawQuery as received: a letter stands for a byte, because not every client encodes
 */
export function parseQuery(rawQuery: string): QueryPair[] {
  if (rawQuery === '') return []
  const pairs: QueryPair[] = []
  for (const part of rawQuery.split('&')) {
    const equals = part.indexOf('=')
    if (equals === -1) {
      if (part !== '') pairs.push([decodeArgument(part), true])
    } else if (equals > 0)
      pairs.push([decodeArgument(part.slice(0, equals)), decodeArgument(part.slice(equals + 1))])
  }
  return pairs
}

/** One name or value of a query or form, decoded. @param text as received, a letter for a byte */
export function decodeArgument(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return fromByteString(text)
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return fromByteString(spaced)
  const bytes = spaced.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
