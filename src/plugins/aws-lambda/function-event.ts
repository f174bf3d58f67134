import { headersAsObject, queryAsObject, type ByName } from '../../plugin-kit/as-object.ts'
import { readBodyFields } from '../../plugin-kit/body-fields.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { gatewayEvent } from './gateway-event.ts'
import type { ReadBody } from './request-body.ts'
import type { Config } from './schema.ts'

/** What a function is called with: the request in the form that the configuration wants. */
export function functionEvent(exchange: Exchange, config: Config, read: ReadBody): object {
  if (config.awsgateway_compatible) return gatewayEvent(exchange, config, read.body)
  const isForwarded =
    config.forward_request_body ||
    config.forward_request_headers ||
    config.forward_request_method ||
    config.forward_request_uri
  if (isForwarded) return forwardedEvent(exchange, config, read)
  const fields = argumentsOf(exchange, read)
  return {
    ...queryAsObject(exchange.request.query()),
    ...(fields.kind === 'read' && fields.values),
  }
}

function forwardedEvent(exchange: Exchange, config: Config, read: ReadBody): object {
  const { request, upstream } = exchange
  const { path, rawQuery } = request
  return {
    ...(config.forward_request_method && { request_method: request.method }),
    ...(config.forward_request_headers && { request_headers: headersAsObject(upstream.headers()) }),
    ...(config.forward_request_uri && {
      request_uri: rawQuery === '' ? path : `${path}?${rawQuery}`,
      request_uri_args: queryAsObject(request.query()),
    }),
    ...(config.forward_request_body && forwardedBody(exchange, config, read)),
  }
}

/** Types whose bodies are texts although they have no arguments. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  'text/plain',
  'text/html',
  'application/xml',
  'text/xml',
  'application/soap+xml',
])

function forwardedBody(exchange: Exchange, config: Config, read: ReadBody): object {
  const type = exchange.upstream.header('content-type')
  const fields = argumentsOf(exchange, read)
  const { body } = read
  if (fields.kind === 'other-type' && config.base64_encode_body && !TEXT_TYPES.has(type ?? ''))
    return {
      request_body_base64: true,
      request_body: body?.toString('base64') ?? '',
      request_body_args: {},
    }
  return {
    ...(body !== undefined && { request_body: body.toString() }),
    ...(fields.kind === 'read' && { request_body_args: fields.values }),
    ...(fields.kind === 'other-type' && { request_body_args: {} }),
  }
}

type Arguments =
  | { readonly kind: 'read'; readonly values: ByName<unknown> | Readonly<Record<string, unknown>> }
  /** The body is of a type without arguments. */
  | { readonly kind: 'other-type' }
  /** The body is not what its type says, or too long to be looked into. */
  | { readonly kind: 'unreadable' }

function argumentsOf({ upstream }: Exchange, { body, isLong }: ReadBody): Arguments {
  const type = upstream.header('content-type')
  if (!isTypeOfArguments(type)) return { kind: 'other-type' }
  if (isLong) return { kind: 'unreadable' }
  if (body === undefined && type!.startsWith('application/x-www-form-urlencoded'))
    return { kind: 'read', values: {} }
  const fields = readBodyFields(type, body ?? new Uint8Array())
  switch (fields?.kind) {
    case undefined:
      return { kind: 'unreadable' }
    case 'form':
      return { kind: 'read', values: queryAsObject(fields.pairs) }
    case 'json':
      return { kind: 'read', values: fields.members }
    case 'multipart':
      return { kind: 'read', values: partsAsObject(fields.parts) }
  }
}

const ARGUMENT_TYPES = [
  'application/x-www-form-urlencoded',
  'application/json',
  'multipart/form-data',
]

function isTypeOfArguments(type: string | undefined): boolean {
  return ARGUMENT_TYPES.includes(type?.split(';', 1)[0]!.trim().toLowerCase() ?? '')
}

function partsAsObject(
  parts: readonly { readonly name: string | undefined; readonly content: Uint8Array }[],
): ByName<string | true> {
  return queryAsObject(
    parts.flatMap(({ name, content }) =>
      name === undefined ? [] : [[name, Buffer.from(content).toString()] as const],
    ),
  )
}
