import { isUtf8 } from 'node:buffer'
import { isJsonObject, type JsonObject } from '../base/json.ts'
import { parseQuery, type QueryPair } from '../http/query.ts'
import { multipartBoundary, readMultipart, writeMultipart, type Part } from './multipart-body.ts'
import { encodeArgument } from './query-arguments.ts'

/** A request body of named fields, decoded; written again by {@link writeBodyFields}. */
export type BodyFields =
  | { readonly kind: 'form'; readonly pairs: readonly QueryPair[] }
  | { readonly kind: 'json'; readonly members: JsonObject }
  | { readonly kind: 'multipart'; readonly boundary: string; readonly parts: readonly Part[] }

/**
 * Decodes a body by its content type: a form, a JSON object or `multipart/form-data`.
 * @returns `undefined` for other types and for bodies that are not what their type says
 */
export function readBodyFields(
  contentType: string | undefined,
  body: Uint8Array,
): BodyFields | undefined {
  if (contentType === undefined) return undefined
  const read = READERS.get(contentType.split(';', 1)[0]!.trim().toLowerCase())
  return read?.(contentType, body)
}

/** The body that holds these fields. */
export function writeBodyFields(fields: BodyFields): string | Uint8Array {
  switch (fields.kind) {
    case 'form':
      return fields.pairs.map(writePair).join('&')
    case 'json':
      return JSON.stringify(fields.members)
    case 'multipart':
      return writeMultipart(fields.boundary, fields.parts)
  }
}

/** All values of a field, none when it is absent. A JSON list is one value. */
export function bodyValues(fields: BodyFields, name: string): readonly unknown[] {
  switch (fields.kind) {
    case 'form':
      return fields.pairs.flatMap(([other, value]) => (other === name ? [value] : []))
    case 'json':
      return Object.hasOwn(fields.members, name) ? [fields.members[name]] : []
    case 'multipart':
      return fields.parts.flatMap((part) =>
        part.name === name ? [Buffer.from(part.content).toString()] : [],
      )
  }
}

/** The same body without a field. */
export function withoutBodyField(fields: BodyFields, name: string): BodyFields {
  switch (fields.kind) {
    case 'form':
      return { ...fields, pairs: fields.pairs.filter(([other]) => other !== name) }
    case 'json':
      return {
        ...fields,
        members: Object.fromEntries(
          Object.entries(fields.members).filter(([other]) => other !== name),
        ),
      }
    case 'multipart':
      return { ...fields, parts: fields.parts.filter((part) => part.name !== name) }
  }
}

type Reader = (contentType: string, body: Uint8Array) => BodyFields | undefined

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['application/x-www-form-urlencoded', (_, body) => readForm(body)],
  ['application/json', (_, body) => readJson(body)],
  ['multipart/form-data', readParts],
])

function readForm(body: Uint8Array): BodyFields {
  // Letters that should have been percent-encoded are, so that one decoder sees all bytes alike.
  const encoded = Buffer.from(body)
    .toString('latin1')
    .replaceAll(/[\u{80}-\u{ff}]/gu, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
  return { kind: 'form', pairs: parseQuery(encoded) }
}

function readJson(body: Uint8Array): BodyFields | undefined {
  if (!isUtf8(body)) return undefined
  try {
    const members: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    return isJsonObject(members) ? { kind: 'json', members } : undefined
  } catch {
    // Not JSON, whatever its type says: it has no fields.
    return undefined
  }
}

function readParts(contentType: string, body: Uint8Array): BodyFields | undefined {
  const boundary = multipartBoundary(contentType)
  const parts = boundary === undefined ? undefined : readMultipart(boundary, body)
  return parts && { kind: 'multipart', boundary: boundary!, parts }
}

function writePair([name, value]: QueryPair): string {
  return value === true ? encodeArgument(name) : `${encodeArgument(name)}=${encodeArgument(value)}`
}
