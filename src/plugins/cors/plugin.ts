import { exit } from '../../plugin-kit/answer.ts'
import type { ClientRequest, Exchange } from '../../plugin-kit/exchange.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import type { RecordOf } from '../../schema/field.ts'
import { originRule, type AllowedOrigin, type OriginRule } from './allowed-origin.ts'
import { schema } from './schema.ts'

type Config = RecordOf<typeof schema>

/** Tells browsers which other sites may read the answers: answers preflights, marks responses. */
export const cors: Plugin = definePlugin({
  name: 'cors',
  priority: 2000,
  schema,
  not: ['consumer'],

  create(config) {
    const rule = originRule(config.origins ?? [])
    const exposed = (config.exposed_headers ?? []).join(',')
    const key = {}

    return {
      access(exchange) {
        const { request } = exchange
        if (!isPreflight(request)) return undefined
        markAsPreflight(exchange, key)
        if (config.preflight_continue) return undefined
        return exit(200, undefined, { headers: preflightHeaders(config, rule, request) })
      },
      headerFilter(exchange) {
        const { request, response } = exchange
        // Only whoever ran `access` has marked it; a request without a route did not.
        if (request.method === 'OPTIONS' && isMarked(exchange, key)) return
        const origin = request.header('origin')
        const decided = decide(config, rule, origin)
        if (decided.varies) response.addHeader('vary', 'Origin')
        if (decided.origin === undefined) response.removeHeader('access-control-allow-origin')
        else response.setHeader('Access-Control-Allow-Origin', decided.origin)
        if (decided.credentials) response.setHeader('Access-Control-Allow-Credentials', 'true')
        if (exposed !== '') response.setHeader('Access-Control-Expose-Headers', exposed)
      },
    }
  },
})

function isPreflight(request: ClientRequest): boolean {
  if (request.method !== 'OPTIONS') return false
  const origin = request.header('origin')
  const method = request.header('access-control-request-method')
  return origin !== undefined && origin !== '' && method !== undefined
}

interface Mark {
  isPreflight: boolean
}

function markAsPreflight(exchange: Exchange, key: object): void {
  exchange.local<Mark>(key, () => ({ isPreflight: true }))
}

function isMarked(exchange: Exchange, key: object): boolean {
  return exchange.local<Mark>(key, () => ({ isPreflight: false })).isPreflight
}

interface Decided {
  readonly origin: string | undefined
  readonly credentials: boolean
  readonly varies: boolean
}

/** A browser takes no `*` together with credentials, so the origin itself stands for it. */
function decide(config: Config, rule: OriginRule, origin: string | undefined): Decided {
  const allowed = rule(origin)
  const varies = allowed.kind !== 'any' || allowed.varies
  if (!config.credentials || allowed.kind !== 'any')
    return { origin: valueOf(allowed), credentials: config.credentials, varies }
  if (origin === undefined || origin === '') return { origin: '*', credentials: false, varies }
  return { origin, credentials: true, varies: true }
}

function valueOf(allowed: AllowedOrigin): string | undefined {
  switch (allowed.kind) {
    case 'any':
      return '*'
    case 'one':
      return allowed.value
    case 'none':
      return undefined
  }
}

function preflightHeaders(
  config: Config,
  rule: OriginRule,
  request: ClientRequest,
): Readonly<Record<string, string>> {
  const decided = decide(config, rule, request.header('origin'))
  const wanted = request.header('access-control-request-headers')
  const headers = config.headers?.length ? config.headers.join(',') : wanted
  const isPrivate =
    config.private_network && request.header('access-control-request-private-network') === 'true'
  return {
    ...(decided.varies && { vary: 'Origin' }),
    ...(decided.origin !== undefined && { 'access-control-allow-origin': decided.origin }),
    ...(decided.credentials && { 'access-control-allow-credentials': 'true' }),
    ...(headers !== undefined && { 'access-control-allow-headers': headers }),
    'access-control-allow-methods': (config.methods ?? []).join(','),
    ...(config.max_age !== undefined && { 'access-control-max-age': String(config.max_age) }),
    ...(isPrivate && { 'access-control-allow-private-network': 'true' }),
  }
}
