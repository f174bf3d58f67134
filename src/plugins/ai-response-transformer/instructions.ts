import { isJsonObject } from '../../base/json.ts'

/** What a model wants the client to get. */
export interface Instructions {
  readonly status: number
  /** Lower-case names; over those of the upstream. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Reads `{"status": …, "headers": {…}, "body": …}`; an object without `body` is the body itself.
 *
 * @returns what is wrong, as a text
 */
export function readInstructions(content: string): Instructions | string {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    return (error as Error).message
  }
  if (typeof value !== 'object' || value === null) return 'input not table or string'
  const { status = 200, headers, body = value } = value as Readonly<Record<string, unknown>>
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599)
    return `status ${JSON.stringify(status)} is none`
  return {
    status,
    headers: isJsonObject(headers) ? readHeaders(headers) : {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }
}

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/** What is no header is left out: a model is not to end a response early. */
function readHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const isHeader =
        FIELD_NAME.test(name.toLowerCase()) &&
        ['string', 'number', 'boolean'].includes(typeof value)
      return isHeader ? [[name.toLowerCase(), String(value)]] : []
    }),
  )
}
