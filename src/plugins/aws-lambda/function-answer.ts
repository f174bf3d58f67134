import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { exit, type Answer, type AnswerHeaders } from '../../plugin-kit/answer.ts'
import type { CallReply } from '../../plugin-kit/http-caller.ts'
import { emptyListsAsObjects } from './empty-lists.ts'
import type { Config } from './schema.ts'

type Headers = Record<string, string | number | readonly string[]>

/** About the connection to AWS alone, or said anew. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'content-length',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/**
 * The answer to the client: what the function gave, as it is or in the form of API Gateway's proxy
 * integration.
 *
 * @param via makes the value of `Via` of those that the answer came with
 */
export function functionAnswer(
  reply: CallReply,
  config: Config,
  how: {
    readonly via: (received: readonly string[]) => string | undefined
    readonly warn: (message: string) => void
  },
): Answer {
  const headers = replyHeaders(reply)
  if (!config.is_proxy_integration) {
    const isUnhandled = headers['x-amz-function-error'] === 'Unhandled'
    const status = (isUnhandled ? config.unhandled_status : undefined) ?? reply.status
    const body =
      config.empty_arrays_mode === 'legacy' && isJson(headers)
        ? emptyListsAsObjects(reply.body)
        : reply.body
    return answer(status, { headers, body }, how.via)
  }
  const given = proxyAnswer(reply.body.toString())
  if (typeof given === 'string') {
    how.warn(`aws-lambda: ${given}`)
    const error = `could not JSON decode Lambda function response: ${given}`
    return exit(502, { message: 'Bad Gateway', error })
  }
  return answer(
    given.status,
    { headers: { ...headers, ...given.headers }, body: given.body },
    how.via,
  )
}

function answer(
  status: number,
  { headers, body }: { readonly headers: Headers; readonly body: Uint8Array },
  via: (received: readonly string[]) => string | undefined,
): Answer {
  const { via: received, ...others } = headers
  const value = via(received === undefined ? [] : [received].flat().map(String))
  return {
    kind: 'exit',
    status,
    headers: { ...others, ...(value !== undefined && { via: value }) } satisfies AnswerHeaders,
    body,
    reason: 'aws-lambda: the answer of the function',
  }
}

function replyHeaders({ headers }: CallReply): Headers {
  const kept: Record<string, string[]> = Object.create(null)
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (!NOT_SENT.has(lower)) (kept[lower] ??= []).push(value)
  }
  return Object.fromEntries(
    Object.entries(kept).map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
  )
}

function isJson({ 'content-type': type }: Headers): boolean {
  return /application\/.*json/i.test(String([type].flat()[0]))
}

interface ProxyAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** @returns what is wrong with it, if it cannot be used */
function proxyAnswer(text: string): ProxyAnswer | string {
  const given = parsed(text)
  if (!isJsonObject(given))
    return Array.isArray(given) ? 'statusCode validation failed' : unreadable(text)
  const status = Number(given['statusCode'] ?? Number.NaN)
  if (!(status >= 100 && status <= 599)) return 'statusCode validation failed'
  const fault = faultOf(given)
  if (fault !== undefined) return fault
  const { body = '', headers, multiValueHeaders, isBase64Encoded: isBase64 } = given
  return {
    status,
    headers: { ...headersOf(headers), ...headersOf(multiValueHeaders) },
    body: Buffer.from(body as string, isBase64 === true ? 'base64' : 'utf8'),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** In the words of Kong's parser, which clients may have come to look for. */
function unreadable(text: string): string {
  const found = text.trim() === '' ? 'T_END' : 'invalid token'
  return `Expected value but found ${found} at character 1`
}

function faultOf({ headers, body, isBase64Encoded: isBase64 }: JsonObject): string | undefined {
  if (headers !== undefined && (typeof headers !== 'object' || headers === null))
    return 'headers must be a table'
  if (body !== undefined && typeof body !== 'string') return 'body must be a string'
  return isBase64 !== undefined && typeof isBase64 !== 'boolean'
    ? 'isBase64Encoded must be a boolean'
    : undefined
}

/** The length is that of the body, whatever the function says. */
function headersOf(given: unknown): Headers {
  if (!isJsonObject(given)) return {}
  return Object.fromEntries(
    Object.entries(given)
      .map(([name, value]) => [name.toLowerCase(), headerValue(value)] as const)
      .filter(([name]) => !NOT_SENT.has(name)),
  )
}

function headerValue(value: unknown): string | readonly string[] {
  return Array.isArray(value) ? value.map(String) : String(value)
}
