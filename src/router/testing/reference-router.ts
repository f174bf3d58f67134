import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { Route } from '../../entities/entity.ts'
import type { RouterFlavor, RoutingRequest } from '../route-match.ts'

/** What the reference says about a request. */
export interface ReferenceMatch {
  readonly route: Route
  readonly matchedPath: string | undefined
}

/**
 * Says which route a request gets, by asking every one of them: slow and plain, the rules written
 * down as the documentation of each flavour has them, with nothing of the router's own code.
 */
export function referenceMatch(
  routes: readonly Route[],
  request: RoutingRequest,
  flavor: RouterFlavor,
): ReferenceMatch | undefined {
  const parts = routes.flatMap((route) => partsOf(route, flavor))
  const isText = isUtf8(Buffer.from(request.path, 'latin1'))
  if (flavor !== 'traditional' && !isText && parts.some(({ paths }) => paths.length > 0))
    return undefined
  const before = flavor === 'traditional' ? isBeforeTraditional : isBeforeCompatible
  let best: Part | undefined
  for (const part of parts)
    if (fits(part, request, flavor) && (best === undefined || before(part, best))) best = part
  if (best === undefined) return undefined
  const path = best.paths.find((own) => matchedBy(own, request.path) !== undefined)
  return {
    route: best.route,
    matchedPath: path === undefined ? undefined : matchedBy(path, request.path),
  }
}

interface Part {
  readonly route: Route
  readonly id: string
  readonly paths: readonly string[]
}

function partsOf(route: Route, flavor: RouterFlavor): readonly Part[] {
  const paths = route.paths ?? []
  if (paths.length < 2) return [{ route, id: route.id, paths }]
  if (flavor === 'traditional') return paths.map((path) => ({ route, id: route.id, paths: [path] }))
  const kinds = paths.map((path) => (path.startsWith('~') ? 'regex' : String(path.length)))
  const order = [...new Set(kinds)]
  if (order.length === 1) return [{ route, id: route.id, paths }]
  return order.map((kind, index) => ({
    route,
    id: v5(`${route.id}#${index + 1}`),
    paths: paths.filter((_, at) => kinds[at] === kind),
  }))
}

function v5(name: string): string {
  const space = Buffer.from('7f145bf9-0dce-4f91-98eb-debbce4b9f6b'.replaceAll('-', ''), 'hex')
  const hex = createHash('sha1').update(space).update(name).digest('hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function matchedBy(path: string, asked: string): string | undefined {
  if (path.startsWith('~')) return new RegExp(`^(?:${path.slice(1)})`).exec(asked)?.[0]
  return asked.startsWith(path) ? path : undefined
}

function fits({ route, paths }: Part, request: RoutingRequest, flavor: RouterFlavor): boolean {
  return (
    (route.methods === null || route.methods.includes(request.method)) &&
    (route.hosts === null || route.hosts.some((host) => hostFits(host, request, flavor))) &&
    (paths.length === 0 || paths.some((path) => matchedBy(path, request.path) !== undefined)) &&
    Object.entries(route.headers ?? {}).every((header) => headerFits(header, request)) &&
    (route.snis === null || request.scheme !== 'https' || route.snis.includes(request.sni ?? ''))
  )
}

function hostFits(host: string, request: RoutingRequest, flavor: RouterFlavor): boolean {
  const [own, ownPort] = host.split(':')
  const [name, namedPort] = request.host.split(':')
  const schemePort = request.scheme === 'https' ? '443' : '80'
  const port = namedPort ?? (flavor === 'traditional' ? schemePort : String(request.port))
  if (ownPort !== undefined && ownPort !== port) return false
  const isMore = flavor !== 'traditional' || name!.length >= own!.length
  if (own!.startsWith('*')) return isMore && name!.endsWith(own!.slice(1))
  if (own!.endsWith('*')) return name!.startsWith(own!.slice(0, -1))
  return own === name
}

function headerFits(
  [header, values]: readonly [string, readonly string[]],
  request: RoutingRequest,
): boolean {
  const valueFits = (value: string, line: string) =>
    value.startsWith('~*')
      ? new RegExp(value.slice(2), 'i').test(line)
      : value.toLowerCase() === line.toLowerCase()
  return request.headerValues(header).some((line) => values.some((value) => valueFits(value, line)))
}

function kindsOf({ route, paths }: Part): number {
  const kinds = [route.methods, route.hosts, route.headers, route.snis].filter(
    (kind) => kind !== null,
  )
  return kinds.length + (paths.length > 0 ? 1 : 0)
}

/** The number that decides in Kong 3.9, with the shifts as its Lua does them: in 32 bits. */
function compatiblePriority(part: Part): bigint {
  const { route, paths } = part
  const isRegex = paths[0]?.startsWith('~') === true
  const shifted = (value: number, by: number) => BigInt.asUintN(64, BigInt(value << (by % 32)))
  const isPlain = route.hosts?.every((host) => !host.includes('*')) === true
  return (
    shifted(kindsOf(part), 61) |
    shifted(Object.keys(route.headers ?? {}).length, 52) |
    shifted(isRegex ? route.regex_priority : 0, 19) |
    (isPlain ? 1n << 60n : 0n) |
    (isRegex ? 1n << 51n : 0n) |
    BigInt(isRegex ? 0 : (paths[0]?.length ?? 0))
  )
}

function isBeforeCompatible(a: Part, b: Part): boolean {
  const [own, other] = [compatiblePriority(a), compatiblePriority(b)]
  return own === other ? a.id > b.id : own > other
}

function isBeforeTraditional(a: Part, b: Part): boolean {
  const [own, other] = [traditionalOrder(a), traditionalOrder(b)]
  const at = own.findIndex((value, index) => value !== other[index])
  return at === -1 ? a.id > b.id : own[at]! > other[at]!
}

function traditionalOrder(part: Part): readonly number[] {
  const { route, paths } = part
  const isSet = [
    route.hosts,
    route.headers,
    paths.length > 0 ? paths : null,
    route.methods,
    route.snis,
  ]
  const bits = isSet.reduce((sum, kind) => sum * 2 + (kind === null ? 0 : 1), 0)
  const isRegex = paths[0]?.startsWith('~') === true
  return [
    kindsOf(part),
    bits,
    hostWeight(route.hosts) + (isRegex ? 1 : 0),
    Object.keys(route.headers ?? {}).length,
    isRegex ? route.regex_priority : 0,
    isRegex ? 0 : (paths[0]?.length ?? 0),
    -route.created_at,
  ]
}

function hostWeight(hosts: readonly string[] | null): number {
  const wildcards = (hosts ?? []).filter((host) => host.includes('*'))
  const isPlain = hosts !== null && wildcards.length === 0
  return (wildcards.some((host) => host.includes(':')) ? 4 : 0) + (isPlain ? 2 : 0)
}
