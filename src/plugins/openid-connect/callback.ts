import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { Credentials } from './credentials.ts'
import type { Config } from './schema.ts'

/** What a browser comes back with from the provider. */
export interface Callback {
  readonly state: string
  readonly parameters: URLSearchParams
}

/** Members that a form of the provider may have. RFC 6749 §4.1.2, RFC 9207 §2 */
const FORM_FIELDS = ['state', 'code', 'error', 'error_description', 'error_uri', 'iss'] as const

/**
 * @returns `undefined` for a request that has not the form of a browser's coming back
 * @see OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth 2.0 Form Post Response Mode
 */
export async function callbackOf(
  { response_mode: mode }: Config,
  request: ClientRequest,
  credentials: Credentials,
): Promise<Callback | undefined> {
  switch (mode) {
    case 'query':
      return request.method === 'GET' ? fromQuery(request) : undefined
    case 'form_post':
      return request.method === 'POST' ? fromForm(request, credentials) : undefined
  }
}

function fromQuery(request: ClientRequest): Callback | undefined {
  const state = request.queryValue('state')
  const hasOutcome =
    request.queryValue('code') !== undefined || request.queryValue('error') !== undefined
  return typeof state === 'string' && hasOutcome
    ? { state, parameters: new URLSearchParams(request.rawQuery) }
    : undefined
}

async function fromForm(
  request: ClientRequest,
  credentials: Credentials,
): Promise<Callback | undefined> {
  const type = request.header('content-type') ?? ''
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type)) return undefined
  const parameters = new URLSearchParams()
  for (const name of FORM_FIELDS) {
    const value = await credentials.bodyField(name)
    if (value !== undefined) parameters.set(name, value)
  }
  const state = parameters.get('state')
  return state !== null && (parameters.has('code') || parameters.has('error'))
    ? { state, parameters }
    : undefined
}
