import { jsonToMessage } from '../../plugin-kit/grpc/proto-json.ts'
import type { HttpCall } from './http-endpoints.ts'

/** JSON whose members come from strangers: no prototype, so that no name means anything. */
type Members = Record<string, unknown>

const members = (): Members => Object.create(null) as Members

/**
 * The message a request over HTTP stands for: variables of its path, then its body where the rule
 * has one, else its query.
 * @returns the message in its wire format, or what is wrong with the request
 */
export function requestMessage(
  call: HttpCall,
  body: string,
  query: readonly (readonly [name: string, value: string | true])[],
): Uint8Array | string {
  const payload = members()
  for (const [field, value] of call.variables) setAt(payload, field, value)
  const { body: field } = call.rule
  if (field === undefined) addQuery(payload, query)
  else if (body !== '') {
    const fault = addBody(payload, field, body)
    if (fault !== undefined) return fault
  }
  try {
    const { request } = call.method
    return request.encode(jsonToMessage(request, payload)).finish()
  } catch {
    return 'failed to encode payload'
  }
}

function addBody(payload: Members, field: string, body: string): string | undefined {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch (error) {
    return `decode json err: ${(error as Error).message}`
  }
  if (field !== '*') payload[field] = json
  else if (typeof json !== 'object' || json === null) return 'body must be a table'
  else Object.assign(payload, json)
  return undefined
}

/** A name that comes again is a list. */
function addQuery(
  payload: Members,
  query: readonly (readonly [name: string, value: string | true])[],
): void {
  const values = new Map<string, (string | true)[]>()
  for (const [name, value] of query) values.set(name, [...(values.get(name) ?? []), value])
  for (const [name, list] of values) setAt(payload, name, list.length === 1 ? list[0] : list)
}

/** Dots lead into messages; a name that leads into something else is passed over. */
function setAt(payload: Members, path: string, value: unknown): void {
  const names = path.split('.')
  let at = payload
  for (const name of names.slice(0, -1)) {
    const next = (at[name] ??= members())
    if (typeof next !== 'object' || next === null || Array.isArray(next)) return
    at = next as Members
  }
  at[names.at(-1)!] = value
}
