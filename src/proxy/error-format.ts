import type { ErrorTemplates } from './context.ts'

export type ErrorFormat = 'json' | 'html' | 'xml' | 'plain'

/** `none`: gRPC is wanted, which outside of a call has no way to say it. */
export type WantedFormat = ErrorFormat | 'none'

const GRPC = 'application/grpc'

const FORMATS: Readonly<Record<string, WantedFormat>> = {
  'application/json': 'json',
  'text/html': 'html',
  'application/xml': 'xml',
  'text/plain': 'plain',
  'text/*': 'plain',
  [GRPC]: 'none',
}

export const CONTENT_TYPES: Readonly<Record<ErrorFormat, string>> = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
  plain: 'text/plain; charset=utf-8',
}

const NAME = String.raw`[a-z0-9][a-z0-9!#$&^_+.-]+`
const MEDIA_RANGE = new RegExp(String.raw`^\s*((?:${NAME}|\*)/(?:${NAME}|\*))`, 'i')
const PARAMETER = new RegExp(
  String.raw`\s*;\s*(?:q=(1(?:\.0{0,3})?|0(?:\.\d{0,3})?)|${NAME}(?:=[^;]*)?)`,
  'iy',
)

/**
 * The format of an error for an `Accept` value: the best one by quality, the first among equals, and
 * JSON for what is not known. Kong's reading: letters of names count as written, and what cannot be
 * read ends a range.
 */
export function errorFormat(accept: string | undefined): WantedFormat {
  if (accept === undefined) return 'json'
  let best: WantedFormat = 'json'
  let bestQuality = 0
  for (const text of accept.split(',')) {
    const range = MEDIA_RANGE.exec(text)
    if (range === null) continue
    const quality = qualityOf(text, range[0].length)
    if (quality <= bestQuality) continue
    best = FORMATS[range[1]!] ?? 'json'
    bestQuality = quality
  }
  return best
}

/** @param at where the parameters of the range begin */
function qualityOf(text: string, at: number): number {
  let quality = 1
  PARAMETER.lastIndex = at
  for (let found = PARAMETER.exec(text); found !== null; found = PARAMETER.exec(text))
    if (found[1] !== undefined) quality = Number(found[1])
  return quality
}

/**
 * The format of an error that Kong finds in nginx, for the `Accept` value or what stands in for it.
 * There gRPC, where it is wanted first, is `bare`: JSON with the message alone.
 */
export function serverErrorFormat(wanted: string): WantedFormat | 'bare' {
  return wanted.startsWith(GRPC) ? 'bare' : errorFormat(wanted)
}

const TEMPLATES: Readonly<Record<ErrorFormat, string>> = {
  json: '{\n  "message":"%s",\n  "request_id":"%s"\n}',
  plain: '%s\nrequest_id: %s\n',
  xml:
    '<?xml version="1.0" encoding="UTF-8"?>\n<error>\n  <message>%s</message>\n' +
    '  <requestid>%s</requestid>\n</error>\n',
  html:
    '<!doctype html>\n<html>\n  <head>\n    <meta charset="utf-8">\n    <title>Error</title>\n  </head>\n' +
    '  <body>\n    <h1>Error</h1>\n    <p>%s.</p>\n    <p>request_id: %s</p>\n  </body>\n</html>\n',
}

/**
 * The body of an error. Kong writes the message as it is; here it cannot leave its place in the
 * text, since what a plugin says may repeat what a client sent.
 */
export function errorBody(
  format: ErrorFormat,
  texts: { readonly message: string; readonly requestId: string },
  templates: ErrorTemplates,
): string {
  const values = [escape(format, texts.message), texts.requestId]
  let next = 0
  return (templates[format] ?? TEMPLATES[format]).replaceAll('%s', () => values[next++] ?? '')
}

function escape(format: ErrorFormat, message: string): string {
  if (format === 'json') return JSON.stringify(message).slice(1, -1)
  if (format === 'plain') return message
  return message.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** nginx's own page for an error that Kong does not handle. */
export function errorPage(title: string, more?: string): string {
  const detail = more === undefined ? '' : `<center>${more}</center>\r\n`
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n` +
    `<center><h1>${more === undefined ? title : title.replace(/^(\d+) .*/, '$1 Bad Request')}</h1></center>\r\n` +
    `${detail}</body>\r\n</html>\r\n`
  )
}
