/** What the Admin API answers, before CORS and the headers that all answers have. */
export interface AdminAnswer {
  readonly status: number
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly text?: { readonly type: string; readonly content: Content }
  readonly headers?: Readonly<Record<string, string>>
}

/** A long one comes in pieces, so that nobody has to make one of them in one go. */
export type Content = string | Buffer | readonly Buffer[]

export function wholeOf(content: Content): string | Buffer {
  return typeof content === 'string' || Buffer.isBuffer(content) ? content : Buffer.concat(content)
}

export const JSON_TYPE = 'application/json; charset=utf-8'

/** A value, or the answer that says why there is none. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly answer: AdminAnswer }

export const NO_CONTENT: AdminAnswer = { status: 204 }
export const NOT_FOUND: AdminAnswer = message(404, 'Not found')
export const METHOD_NOT_ALLOWED: AdminAnswer = message(405, 'Method not allowed')
export const UNEXPECTED: AdminAnswer = message(500, 'An unexpected error occurred')

export function json(status: number, value: unknown): AdminAnswer {
  return { status, json: value }
}

export function message(status: number, text: string): AdminAnswer {
  return { status, json: { message: text } }
}

/** The page that clients know from nginx, for what is refused before the API sees it. */
export function htmlPage(status: number, reason: string): AdminAnswer {
  const title = `${status} ${reason}`
  const lines = [
    '<html>',
    `<head><title>${title}</title></head>`,
    '<body>',
    `<center><h1>${title}</h1></center>`,
    '</body>',
    '</html>',
    '',
  ]
  return { status, text: { type: 'text/html; charset=UTF-8', content: lines.join('\r\n') } }
}

export function refused(answer: AdminAnswer): { readonly ok: false; readonly answer: AdminAnswer } {
  return { ok: false, answer }
}

export function accepted<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value }
}
