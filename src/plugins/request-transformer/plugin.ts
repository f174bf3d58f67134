import { parseQuery } from '../../http/query.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { LuaTable } from '../../plugin-kit/lua/values.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { applyRules, renderer, rulesFor, type Rules } from './rules.ts'
import { schema, type Config } from './schema.ts'
import { templateGlobals } from '../../plugin-kit/template-globals.ts'
import { bodyType, transformBody } from './transform-body.ts'
import { transformHeaders } from './transform-headers.ts'
import { ArgumentValues, writeQuery } from './transform-query.ts'

/** A longer body goes on untouched. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024

/** Changes what the upstream gets: path, method, headers, body and query, in this order. */
export const requestTransformer: Plugin = definePlugin({
  name: 'request-transformer',
  priority: 801,
  schema,
  protocols: { allowed: ALL_PROTOCOLS },

  create(config, { node }) {
    const transformation = transformationOf(config, node.setting('untrusted_lua') === 'off')
    return {
      access: (exchange) => transform(exchange, transformation),
    }
  },
})

interface Transformation {
  readonly method: string | undefined
  readonly uri: ((globals: () => LuaTable) => string) | undefined
  readonly headers: Rules
  readonly body: Rules
  readonly query: Rules
  readonly hasTemplates: boolean
}

function transformationOf(config: Config, forbidsExpressions: boolean): Transformation {
  const options = { forbidsExpressions }
  const { uri } = config.replace
  return {
    method: config.http_method?.toUpperCase(),
    uri: uri === undefined || uri === '' ? undefined : renderer(uri, options),
    headers: rulesFor('headers', config, options),
    body: rulesFor('body', config, options),
    query: rulesFor('querystring', config, options),
    hasTemplates: JSON.stringify(config).includes('$('),
  }
}

function transform(exchange: Exchange, of: Transformation): undefined | Promise<undefined> {
  let made: LuaTable | undefined
  const globals = (): LuaTable => (made ??= templateGlobals(exchange))
  const { request, upstream } = exchange
  // Templates see the request as it is before the first change.
  if (of.hasTemplates) globals()

  if (of.uri !== undefined) {
    const path = encodedBytes(of.uri(globals))
    if (path !== '') upstream.path = path.startsWith('/') ? path : `/${path}`
  }
  if (of.method !== undefined) upstream.method = of.method
  const contentType = request.header('content-type')
  if (!of.headers.isEmpty) transformHeaders(upstream, of.headers, globals)
  if (!wantsBody(of, contentType)) {
    if (!of.query.isEmpty) transformQuery(exchange, of.query, globals)
    return undefined
  }
  return request.readBody(BODY_LIMIT_BYTES).then((body) => {
    if (body !== 'too-large') changeByBody(exchange, of, body, globals)
    if (!of.query.isEmpty) transformQuery(exchange, of.query, globals)
    return undefined
  })
}

/** Bytes beyond ASCII are escaped one by one, as they need not be UTF-8. */
function encodedBytes(path: string): string {
  return path.replaceAll(
    /[\u{80}-\u{ff}]/gu,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

const BODILESS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'TRACE'])

function wantsBody({ body, method }: Transformation, contentType: string | undefined): boolean {
  const type = bodyType(contentType)
  if (type === undefined) return false
  return !body.isEmpty || (BODILESS.has(method) && type === 'application/x-www-form-urlencoded')
}

function changeByBody(
  { request, upstream }: Exchange,
  of: Transformation,
  body: Uint8Array,
  globals: () => LuaTable,
): void {
  const contentType = request.header('content-type') ?? ''
  const isForm = bodyType(contentType) === 'application/x-www-form-urlencoded'
  // A method without a body takes the fields of a form along in the query.
  if (BODILESS.has(of.method) && isForm && body.length > 0) {
    const form = parseQuery(Buffer.from(body).toString('latin1'))
    upstream.rawQuery = writeQuery(new ArgumentValues([...parseQuery(upstream.rawQuery), ...form]))
  }
  if (of.body.isEmpty) return
  const changed = transformBody(contentType, body, of.body, globals)
  if (changed !== undefined) upstream.setBody(changed)
}

function transformQuery({ upstream }: Exchange, rules: Rules, globals: () => LuaTable): void {
  const values = new ArgumentValues(parseQuery(upstream.rawQuery))
  applyRules(rules, values, globals)
  upstream.rawQuery = writeQuery(values)
}
