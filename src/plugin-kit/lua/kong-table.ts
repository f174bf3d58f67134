import { parseQuery } from '../../http/query.ts'
import type { Exchange, UpstreamRequest } from '../exchange.ts'
import type { NodeServices } from '../plugin.ts'
import { DEFAULT_WORKSPACE, shownEntity } from '../workspace.ts'
import { libraryTable, type LibraryFunction } from './arguments.ts'
import { headersTable, lookupTable, queryTable } from './exchange-tables.ts'
import { fromScript, LuaTable, toScript, toText, type LuaValue } from './values.ts'

/** Further parts, for programs that may change things. */
export type KongParts = Readonly<Record<string, Readonly<Record<string, LibraryFunction>>>>

/**
 * The `kong` and `ngx` that programs in Lua see: what Kong's plugin development kit tells about a
 * request, for one exchange. Bodies are not there, since reading one takes time and Lua does not wait.
 *
 * @param writing functions that change the exchange, by part; `service.request` for one within
 * @param local the program's own values for this exchange
 */
export function kongGlobals(
  exchange: Exchange,
  node: NodeServices,
  { writing = {}, local }: { readonly writing?: KongParts; readonly local?: LuaTable } = {},
): LuaTable {
  const part = (name: string, functions: Readonly<Record<string, LibraryFunction>>): LuaTable =>
    libraryTable({ ...functions, ...writing[name] })
  const kong = new LuaTable()
  kong.set('request', part('request', requestFunctions(exchange)))
  kong.set('response', part('response', responseFunctions(exchange)))
  kong.set('client', part('client', clientFunctions(exchange)))
  kong.set('router', part('router', routerFunctions(exchange)))
  kong.set('node', part('node', { get_id: () => node.nodeId, get_hostname: () => node.hostname }))
  kong.set('log', logTable(exchange, node))
  kong.set('ctx', contextTable(exchange, local ?? new LuaTable()))
  const service = part('service', {})
  service.set('request', part('service.request', {}))
  service.set('response', part('service.response', serviceResponseFunctions(exchange)))
  kong.set('service', service)
  kong.set('version', node.version)

  const globals = new LuaTable()
  globals.set('kong', kong)
  globals.set('ngx', ngxTable(exchange, node))
  globals.set(
    'print',
    libraryTable({ print: (args) => node.log.notice(args.values.map(toText).join('')) }).get(
      'print',
    ),
  )
  return globals
}

type Functions = Readonly<Record<string, LibraryFunction>>

/** Method, query and headers as plugins before left them, which in nginx are the request's own. */
function requestFunctions({ request, upstream, captures, startedAtMs }: Exchange): Functions {
  return {
    get_scheme: () => request.scheme,
    get_host: () => request.host,
    get_port: () => request.port,
    get_forwarded_scheme: () => request.forwardedScheme,
    get_forwarded_host: () => request.forwardedHost,
    get_forwarded_port: () => request.forwardedPort,
    get_http_version: () => Number(request.httpVersion),
    get_method: () => upstream.method,
    get_path: () => request.path,
    get_raw_path: () => request.rawPath,
    get_path_with_query: () => request.pathWithQuery,
    get_raw_query: () => upstream.rawQuery,
    get_query_arg: (args) => argumentOf(upstream, args.text(0)),
    get_query: () => queryTable(parseQuery(upstream.rawQuery)),
    get_header: (args) => headerOf(upstream, args.text(0)),
    get_headers: () => headersTable(upstream.headers()),
    get_start_time: () => startedAtMs,
    get_uri_captures: () => fromScript(captures ?? { named: {}, unnamed: [] }),
  }
}

function argumentOf({ rawQuery }: UpstreamRequest, name: string): string | true | undefined {
  return parseQuery(rawQuery).find(([other]) => other === name)?.[1]
}

/** A name written with `_` also finds the header written with `-`. */
function headerOf(upstream: UpstreamRequest, name: string): string | undefined {
  const lower = name.toLowerCase()
  return upstream.header(lower) ?? upstream.header(lower.replaceAll('_', '-'))
}

function responseFunctions({ response }: Exchange): Functions {
  return {
    get_status: () => response.status,
    get_header: (args) => response.header(args.text(0).toLowerCase()),
    get_headers: () => headersTable(response.headers()),
    get_source: () => response.source,
  }
}

function serviceResponseFunctions({ response }: Exchange): Functions {
  return {
    get_status: () => response.upstreamStatus,
    get_header: (args) => response.header(args.text(0).toLowerCase()),
    get_headers: () => headersTable(response.headers()),
  }
}

function clientFunctions(exchange: Exchange): Functions {
  const { request } = exchange
  return {
    get_ip: () => request.peerIp,
    get_forwarded_ip: () => request.ip,
    get_port: () => request.clientPort,
    get_forwarded_port: () => request.clientPort,
    get_protocol: () => (request.isGrpc ? 'grpc' : request.scheme),
    get_consumer: () => exchange.consumer && fromScript(shownEntity(exchange.consumer)),
    get_credential: () =>
      exchange.credential &&
      fromScript(exchange.credential.entity ?? { id: exchange.credential.id }),
  }
}

function routerFunctions({ route, service }: Exchange): Functions {
  return {
    get_route: () => route && fromScript(shownEntity(route)),
    get_service: () => service && fromScript(shownEntity(service)),
  }
}

const LEVELS = {
  debug: 'debug',
  info: 'info',
  notice: 'notice',
  warn: 'warn',
  err: 'error',
  crit: 'error',
  alert: 'error',
  emerg: 'error',
} as const

/** `kong.log(…)` and `kong.log.warn(…)`. */
export function logTable(logged: Pick<Exchange, 'setLogValue'>, { log }: NodeServices): LuaTable {
  const write =
    (level: (typeof LEVELS)[keyof typeof LEVELS]): LibraryFunction =>
    ({ values }) =>
      log[level](values.map(toText).join(''))
  const table = libraryTable({
    ...Object.fromEntries(Object.entries(LEVELS).map(([name, level]) => [name, write(level)])),
    set_serialize_value: (args) => logged.setLogValue(args.text(0), toScript(args.any(1))),
  })
  table.metatable = libraryTable({
    __call: ({ values }) => log.notice(values.slice(1).map(toText).join('')),
  })
  return table
}

function contextTable({ shared }: Exchange, local: LuaTable): LuaTable {
  const context = new LuaTable()
  context.set('plugin', local)
  context.set(
    'shared',
    lookupTable(
      (key) => fromScript(shared.get(toText(key))),
      (key, value) => shared.set(toText(key), toScript(value)),
    ),
  )
  return context
}

function ngxTable(exchange: Exchange, node: NodeServices): LuaTable {
  const { request, upstream } = exchange
  const variables: Readonly<Record<string, () => LuaValue>> = {
    remote_addr: () => request.ip,
    request_method: () => upstream.method,
    request_uri: () => request.pathWithQuery,
    uri: () => request.path,
    args: () => upstream.rawQuery,
    host: () => request.host,
    scheme: () => request.scheme,
    server_port: () => request.port,
    request_id: () => exchange.id,
    status: () => exchange.response.status,
  }
  return ngxOver((name) => variables[name]?.() ?? variableOf(exchange, name), node)
}

/** `ngx` with its functions. @param variable reads `ngx.var` */
export function ngxOver(variable: (name: string) => LuaValue, node: NodeServices): LuaTable {
  const ngx = libraryTable(
    {
      now: () => node.now() / 1000,
      time: () => Math.floor(node.now() / 1000),
      encode_base64: (args) => Buffer.from(args.text(0)).toString('base64'),
      decode_base64: (args) => Buffer.from(args.text(0), 'base64').toString(),
      escape_uri: (args) => encodeURIComponent(args.text(0)),
    },
    { ERR: 4, WARN: 5, NOTICE: 6, INFO: 7, DEBUG: 8, null: new LuaTable() },
  )
  ngx.set(
    'var',
    lookupTable(
      (key) => variable(toText(key)),
      () => undefined,
    ),
  )
  ngx.set(
    'ctx',
    lookupTable(
      (key) => (key === 'workspace' ? DEFAULT_WORKSPACE.id : undefined),
      () => undefined,
    ),
  )
  return ngx
}

/** `http_<name>`, `arg_<name>` and `cookie_<name>`. */
function variableOf({ request, upstream }: Exchange, name: string): LuaValue {
  const [, kind, rest = ''] = /^(http|arg|cookie)_(.+)$/.exec(name) ?? []
  if (kind === 'http') return headerOf(upstream, rest)
  if (kind === 'cookie') return request.cookie(rest)
  return kind === 'arg' ? argumentOf(upstream, rest) : undefined
}
