import { parseQuery } from '../../http/query.ts'
import { toBytes } from '../byte-text.ts'
import { headerReader } from '../header-condition.ts'
import { hostName } from '../host.ts'
import { requestedPort } from '../field-conditions.ts'
import type { RoutingRequest } from '../route-match.ts'

/** What a field of an expression stands for. */
export type ExpressionField =
  | { readonly type: 'text'; readonly read: (request: RoutingRequest) => readonly string[] }
  | { readonly type: 'integer'; readonly read: (request: RoutingRequest) => number }
  | { readonly type: 'address'; readonly read: (request: RoutingRequest) => string }

/** @returns `undefined` for a name that no field has */
export function expressionField(name: string): ExpressionField | undefined {
  return FIELDS.get(name) ?? namedField(name)
}

/** Whether a field says something about connections without http. */
export function isStreamField(name: string): boolean {
  return name.startsWith('net.') || name === 'tls.sni'
}

/** `http.path.segments.<suffix>` with a suffix that selects something. */
export function isWellFormedSegment(suffix: string): boolean {
  if (suffix === 'len') return true
  const found = /^(0|[1-9]\d*)(?:_([1-9]\d*))?$/.exec(suffix)
  return found !== null && (found[2] === undefined || Number(found[1]) < Number(found[2]))
}

export const SEGMENTS = 'http.path.segments.'

const DESTINATION_PORT: ExpressionField = {
  type: 'integer',
  read: (request) => requestedPort(request, 'expressions'),
}

const FIELDS: ReadonlyMap<string, ExpressionField> = new Map<string, ExpressionField>([
  ['net.protocol', { type: 'text', read: ({ scheme }) => [scheme] }],
  ['net.src.ip', { type: 'address', read: ({ sourceIp }) => sourceIp }],
  ['net.src.port', { type: 'integer', read: ({ sourcePort }) => sourcePort }],
  ['net.dst.ip', { type: 'address', read: ({ destinationIp }) => destinationIp }],
  ['net.dst.port', DESTINATION_PORT],
  ['net.port', DESTINATION_PORT],
  ['tls.sni', { type: 'text', read: ({ sni }) => (sni === undefined ? [] : [sni]) }],
  ['http.method', { type: 'text', read: ({ method }) => [method] }],
  ['http.host', { type: 'text', read: ({ host }) => [hostName(host)] }],
  ['http.path', { type: 'text', read: ({ path }) => [path] }],
  [`${SEGMENTS}len`, { type: 'integer', read: ({ path }) => segmentsOf(path).length }],
])

function namedField(name: string): ExpressionField | undefined {
  const [, family, rest] =
    /^(http\.headers|http\.queries|http\.path\.segments)\.([^.]+)$/.exec(name) ?? []
  if (family === undefined || rest === undefined) return undefined
  if (family === 'http.headers') {
    // Names are written with `_` here, which stands for `-` as well.
    return { type: 'text', read: headerReader(rest.toLowerCase()) }
  }
  if (family === 'http.queries')
    return { type: 'text', read: (request) => queryValues(request, rest) }
  const [first, last] = rest.split('_').map(Number)
  return { type: 'text', read: ({ path }) => segmentRange(path, first!, last ?? first!) }
}

function queryValues({ rawQuery }: RoutingRequest, name: string): readonly string[] {
  const values: string[] = []
  for (const [key, value] of parseQuery(rawQuery))
    if (key === name) values.push(value === true ? '' : toBytes(value))
  return values
}

/** `/a/b/c` and `/a/b/c/` have the segments a, b and c; the root has none. */
function segmentsOf(path: string): readonly string[] {
  const inner = path.slice(1, path.endsWith('/') ? -1 : undefined)
  return inner === '' ? [] : inner.split('/')
}

function segmentRange(path: string, first: number, last: number): readonly string[] {
  const segments = segmentsOf(path)
  return last < segments.length ? [segments.slice(first, last + 1).join('/')] : []
}
