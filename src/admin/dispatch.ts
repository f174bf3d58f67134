import { parseQuery } from '../http/query.ts'
import {
  accepted,
  METHOD_NOT_ALLOWED,
  message,
  NOT_FOUND,
  refused,
  UNEXPECTED,
  type AdminAnswer,
  type Outcome,
} from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import {
  encodingOf,
  isWellEncoded,
  MAX_ARGUMENTS,
  readInput,
  TOO_MANY_ARGUMENTS,
  UNSUPPORTED,
  type Encoding,
} from './read-input.ts'
import type { Handler, Method, Resource } from './resource.ts'
import type { ResourceMatch, ResourceTable } from './resource-table.ts'

/** A request as the socket gave it. */
export interface RawRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly contentTypes: readonly string[]
  readonly body: Buffer
  /** Value of `Access-Control-Request-Headers`. */
  readonly requestedHeaders: string | undefined
}

/**
 * Answers a request to the Admin API: finds its resource, reads its body, calls the handler of its
 * method. The order decides which of several faults is named.
 */
export async function dispatch(
  table: ResourceTable,
  request: RawRequest,
  log: AdminContext['log'],
): Promise<AdminAnswer> {
  const [path, rawQuery] = splitTarget(request.target)
  const match = table.match(path)
  if (match === undefined) return NOT_FOUND
  if (!isWellEncoded(path)) return BAD_REQUEST
  const { resource, params } = match
  if (resource.always !== undefined) return resource.always
  const encoding = bodyEncoding(request, resource)
  if (!encoding.ok) return encoding.answer
  if (request.method === 'OPTIONS') return options(resource, request.requestedHeaders)
  const handler = handlerOf(resource, request.method)
  if (handler === undefined) return METHOD_NOT_ALLOWED
  const query = queryOf(rawQuery)
  if (query === undefined) return TOO_MANY_ARGUMENTS
  const input = readInput(encoding.value, request.contentTypes[0] ?? '', request.body)
  if (!input.ok) return input.answer
  try {
    return await handler({ params, query, input: input.value })
  } catch (cause) {
    log.error(`Cannot answer ${request.method} ${resource.path}`, cause)
    return UNEXPECTED
  }
}

function splitTarget(target: string): readonly [path: string, rawQuery: string] {
  const question = target.indexOf('?')
  return question === -1 ? [target, ''] : [target.slice(0, question), target.slice(question + 1)]
}

/** Bodies of requests that do not write are not looked at. */
function bodyEncoding(
  { method, contentTypes, body }: RawRequest,
  { readsYaml }: Resource,
): Outcome<Encoding> {
  if (!WRITES.has(method)) return accepted('none')
  const encoding = encodingOf(contentTypes, body.length > 0)
  const isUnread = encoding.ok && encoding.value === 'yaml' && readsYaml !== true
  return isUnread ? refused(UNSUPPORTED) : encoding
}

function handlerOf({ methods }: Resource, method: string): Handler | undefined {
  const name = method === 'HEAD' ? 'GET' : method
  return Object.hasOwn(methods, name) ? methods[name as Method] : undefined
}

/** The answer to a method that the HTTP parser does not know: only whether the address exists. */
export function unknownMethodAnswer(match: ResourceMatch | undefined): AdminAnswer {
  return match === undefined ? NOT_FOUND : (match.resource.always ?? METHOD_NOT_ALLOWED)
}

const WRITES = new Set(['POST', 'PUT', 'PATCH'])
function options({ methods }: Resource, requestedHeaders: string | undefined): AdminAnswer {
  const own = Object.keys(methods)
  const allow = [...own, 'OPTIONS', ...(own.includes('GET') ? ['HEAD'] : [])].sort().join(', ')
  return {
    status: 204,
    headers: {
      Allow: allow,
      'Access-Control-Allow-Methods': allow,
      'Access-Control-Allow-Headers': requestedHeaders ?? 'Content-Type',
    },
  }
}

function queryOf(rawQuery: string): ReadonlyMap<string, string | true> | undefined {
  const pairs = parseQuery(rawQuery)
  if (pairs.length > MAX_ARGUMENTS) return undefined
  const query = new Map<string, string | true>()
  for (const [name, value] of pairs) if (!query.has(name)) query.set(name, value)
  return query
}

/** What an answer of the HTTP parser itself looks like. */
export const BAD_REQUEST: AdminAnswer = message(400, 'Bad request')
