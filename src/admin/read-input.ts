import { isUtf8 } from 'node:buffer'
import type { JsonObject } from '../base/json.ts'
import { parseQuery } from '../http/query.ts'
import { multipartBoundary, readMultipart } from '../plugin-kit/multipart-body.ts'
import {
  accepted,
  htmlPage,
  message,
  refused,
  type AdminAnswer,
  type Outcome,
} from './admin-answer.ts'
import { nestFields } from './form-fields.ts'
import { readJsonObject } from './read-json.ts'

/** The body of a request that writes, as its content type says it is to be read. */
export type Input =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly fields: JsonObject }
  /** All leaves are texts, to be turned into what their fields ask for. */
  | { readonly kind: 'form'; readonly fields: JsonObject }
  | { readonly kind: 'yaml'; readonly text: string }

/** More arguments than this, in a query or a form, are refused. */
export const MAX_ARGUMENTS = 1000
export const TOO_MANY_ARGUMENTS: AdminAnswer = message(400, 'Too many arguments')

export type Encoding = 'none' | 'json' | 'form' | 'multipart' | 'yaml'

/** How the body is encoded, or the answer to types that are not known here. */
export function encodingOf(contentTypes: readonly string[], hasBody: boolean): Outcome<Encoding> {
  if (contentTypes.length > 1)
    return refused({
      status: 400,
      text: { type: 'text/plain', content: 'Multiple Content-Type headers not allowed' },
    })
  const type = contentTypes[0]?.split(';', 1)[0]!.trim().toLowerCase()
  if (type === undefined || type === '') return hasBody ? refused(UNSUPPORTED) : accepted('none')
  const encoding = ENCODINGS.find(([beginning]) => type.startsWith(beginning))?.[1]
  return encoding === undefined ? refused(UNSUPPORTED) : accepted(encoding)
}

export const UNSUPPORTED: AdminAnswer = htmlPage(415, 'Unsupported Media Type')

/** By how their types begin: `application/json-patch+json` is JSON too. */
const ENCODINGS: readonly (readonly [beginning: string, encoding: Encoding])[] = [
  ['application/json', 'json'],
  ['application/x-www-form-urlencoded', 'form'],
  ['multipart/form-data', 'multipart'],
  ['application/yaml', 'yaml'],
  ['text/yaml', 'yaml'],
]

/** Reads a body in an encoding. */
export function readInput(encoding: Encoding, contentType: string, body: Buffer): Outcome<Input> {
  switch (encoding) {
    case 'none':
      return accepted({ kind: 'none' })
    case 'json': {
      const fields = readJsonObject(body)
      return fields === undefined
        ? refused(message(400, 'Cannot parse JSON body'))
        : accepted({ kind: 'json', fields })
    }
    case 'form':
      return readForm(body)
    case 'multipart':
      return readParts(contentType, body)
    case 'yaml':
      return isUtf8(body)
        ? accepted({ kind: 'yaml', text: body.toString('utf8') })
        : refused(NOT_UTF_8)
  }
}

const NOT_UTF_8 = message(400, 'expected UTF-8')

/** Whether all that is percent-encoded in a text, and all that is not, makes up UTF-8. @param text letters stand for bytes */
export function isWellEncoded(text: string): boolean {
  const bytes = text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return isUtf8(Buffer.from(bytes, 'latin1'))
}

function readForm(body: Buffer): Outcome<Input> {
  if (!isWellEncoded(body.toString('latin1'))) return refused(NOT_UTF_8)
  // Letters that should have been percent-encoded are, so that one decoder sees all bytes alike.
  const encoded = body
    .toString('latin1')
    .replaceAll(/[\u{80}-\u{ff}]/gu, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
  const pairs = parseQuery(encoded)
  if (pairs.length > MAX_ARGUMENTS) return refused(TOO_MANY_ARGUMENTS)
  const named = pairs.map(([name, value]) => [name, value === true ? 'true' : value] as const)
  return accepted({ kind: 'form', fields: nestFields(named) })
}

function readParts(contentType: string, body: Buffer): Outcome<Input> {
  const boundary = multipartBoundary(contentType)
  const parts = boundary === undefined ? undefined : readMultipart(boundary, body)
  if (parts === undefined) return refused(message(400, 'Cannot parse multipart body'))
  if (!parts.every(({ raw }) => isUtf8(raw))) return refused(NOT_UTF_8)
  const named = parts.flatMap(({ name, content }) =>
    name === undefined ? [] : [[name, Buffer.from(content).toString('utf8')] as const],
  )
  return accepted({ kind: 'form', fields: nestFields(named) })
}
