/** One part of a `multipart/form-data` body. */
export interface Part {
  /** Field name; `undefined` for a part that does not say one. */
  readonly name: string | undefined
  readonly content: Uint8Array
  /** Head and content as received, so that a kept part goes on untouched. */
  readonly raw: Uint8Array
}

const CRLF = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')
/** More parts than any form has. */
const MAX_PARTS = 1000

/** The boundary of a multipart content type, if it has one and it is well formed. */
export function multipartBoundary(contentType: string): string | undefined {
  return parameter(contentType, 'boundary')?.match(/^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[^\s]$/)?.[0]
}

/**
 * Reads a `multipart/form-data` body. Parts keep their bytes, so that a body written again with
 * {@link writeMultipart} differs from the received one in nothing but the parts left out.
 *
 * @returns the parts in order; `undefined` for what two parsers could read differently: no closing
 * boundary, text after a boundary on its line, a part with two names
 * @see RFC 2046 §5.1, RFC 7578
 */
export function readMultipart(boundary: string, body: Uint8Array): readonly Part[] | undefined {
  // The first boundary need not be preceded by a line break; with one put there all are alike.
  const text = Buffer.concat([CRLF, body])
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const parts: Part[] = []
  let at = text.indexOf(delimiter)
  while (at !== -1 && parts.length <= MAX_PARTS) {
    const line = restOfLine(text, at + delimiter.length)
    if (line === 'last') return parts
    if (line === 'malformed') return undefined
    const next = text.indexOf(delimiter, line.end)
    const part = next === -1 ? undefined : readPart(text, line.end + 2, next)
    if (part === undefined) return undefined
    parts.push(part)
    at = next
  }
  return undefined
}

/** The body that holds these parts. */
export function writeMultipart(boundary: string, parts: readonly Part[]): Uint8Array {
  const open = Buffer.from(`--${boundary}\r\n`)
  const close = Buffer.from(`--${boundary}--\r\n`)
  return Buffer.concat([...parts.flatMap(({ raw }) => [open, raw, CRLF]), close])
}

/** A part that holds a plain field. */
export function fieldPart(name: string, value: string): Part {
  const written = name.replaceAll(/[\r\n"]/g, encodeURIComponent)
  const head = `Content-Disposition: form-data; name="${written}"\r\n\r\n`
  return { name, content: Buffer.from(value), raw: Buffer.from(head + value) }
}

/** What stands after a boundary: `--` ends the body, else only blanks and the end of the line. */
function restOfLine(text: Buffer, from: number): 'last' | 'malformed' | { readonly end: number } {
  if (text.toString('latin1', from, from + 2) === '--') return 'last'
  const end = text.indexOf(CRLF, from)
  if (end === -1 || text.toString('latin1', from, end).trim() !== '') return 'malformed'
  return { end }
}

function readPart(text: Buffer, from: number, to: number): Part | undefined {
  if (to < from) return undefined
  const raw = text.subarray(from, to)
  if (raw.indexOf(CRLF) === 0) return { name: undefined, content: raw.subarray(2), raw }
  const headEnd = raw.indexOf(HEAD_END)
  if (headEnd === -1) return undefined
  const dispositions = raw
    .toString('utf8', 0, headEnd)
    .split('\r\n')
    .filter((line) => /^content-disposition\s*:/i.test(line))
  if (dispositions.length > 1) return undefined
  const name = dispositions[0] === undefined ? undefined : parameter(dispositions[0], 'name')
  return { name, content: raw.subarray(headEnd + HEAD_END.length), raw }
}

const PARAMETER = /;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g

/** A parameter of a header field; `undefined` also when it is there twice. */
function parameter(field: string, name: string): string | undefined {
  const values = [...field.matchAll(PARAMETER)]
    .filter(([, key]) => key?.toLowerCase() === name)
    .map(([, , quoted, token]) => quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '')
  return values.length === 1 ? values[0] : undefined
}
