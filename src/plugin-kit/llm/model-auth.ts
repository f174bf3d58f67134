import type { ClientRequest } from '../exchange.ts'
import { encodeArgument, withoutArgument } from '../query-arguments.ts'
import type { LlmConfig } from './llm-fields.ts'

type Auth = LlmConfig['auth']

/** The header by which the service knows its client. @returns nothing when there is none to send */
export function authHeader(
  auth: Auth,
  client?: Pick<ClientRequest, 'header'>,
): readonly [name: string, value: string] | undefined {
  const { header_name: name, header_value: value, allow_override: mayOverride } = auth
  if (name === undefined || value === undefined) return undefined
  const isOverridden = mayOverride && client?.header(name.toLowerCase()) !== undefined
  return isOverridden ? undefined : [name, value]
}

/** A query with the parameter by which the service knows its client. */
export function withAuthArgument(rawQuery: string, auth: Auth): string {
  const { param_name: name, param_value: value, param_location: place } = auth
  if (name === undefined || value === undefined || place !== 'query') return rawQuery
  const others = withoutArgument(rawQuery, name)
  if (auth.allow_override && others !== rawQuery) return rawQuery
  return withArgument(others, name, value)
}

export function withArgument(rawQuery: string, name: string, value: string): string {
  const argument = `${encodeArgument(name)}=${encodeArgument(value)}`
  return rawQuery === '' ? argument : `${rawQuery}&${argument}`
}

/** A body with the parameter by which the service knows its client. */
export function withAuthMember(
  body: Readonly<Record<string, unknown>>,
  auth: Auth,
): Record<string, unknown> {
  const { param_name: name, param_value: value, param_location: place } = auth
  if (name === undefined || value === undefined || place !== 'body') return { ...body }
  const isOverridden = auth.allow_override && body[name] !== undefined
  return isOverridden ? { ...body } : { ...body, [name]: value }
}
