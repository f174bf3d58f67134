/**
 * What finding a route costs with 1, 100, 10,000 and 50,000 routes.
 *
 * Paths and hosts are cut from request heads for every lookup, as the codec does it, so that no
 * hash is remembered inside a string. All counts are measured in turn in every round, and of each
 * the least CPU time counts: the rest is what else the machine was doing.
 *
 * `npm run bench:micro router [flavour] [--save]`
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Route, Service } from '../../src/entities/entity.ts'
import { normalizePath } from '../../src/http/normalize-path.ts'
import { buildRouter } from '../../src/router/build-router.ts'
import type { Router, RouterFlavor, RoutingRequest } from '../../src/router/route-match.ts'
import { saveResult } from '../load/machine.ts'

interface Shape {
  readonly name: string
  /** Fields of the route with a number, and a request it takes. */
  readonly make: (number: number) => {
    readonly fields: Partial<Route>
    readonly path: string
    readonly host: string
  }
}

const SHAPES: readonly Shape[] = [
  {
    name: 'path',
    make: (n) => ({
      fields: { paths: [`/api/service-${n}`] },
      path: `/api/service-${n}/orders/42`,
      host: 'gateway.example.com',
    }),
  },
  {
    name: 'paths of many lengths',
    make: (n) => {
      const path = `/${'team/'.repeat(n % 7)}app-${n}${'/v1'.repeat(n % 5)}`
      return { fields: { paths: [path] }, path: `${path}/orders/42`, host: 'gateway.example.com' }
    },
  },
  {
    name: 'host',
    make: (n) => ({
      fields: { hosts: [`tenant-${n}.example.com`] },
      path: '/orders/42',
      host: `tenant-${n}.example.com`,
    }),
  },
  {
    name: 'host, path and method',
    make: (n) => ({
      fields: {
        hosts: [`tenant-${n % 500}.example.com`],
        paths: [`/api/service-${n}`],
        methods: ['GET', 'POST'],
      },
      path: `/api/service-${n}/orders/42`,
      host: `tenant-${n % 500}.example.com`,
    }),
  },
  {
    name: 'regex',
    make: (n) => ({
      fields: { paths: [`~/api/service-${n}/orders/\\d+$`] },
      path: `/api/service-${n}/orders/42`,
      host: 'gateway.example.com',
    }),
  },
]

const COUNTS = [1, 100, 10_000, 50_000] as const
/** Fewer than a turn of the scheduler lasts, so that some rounds have the caches for themselves. */
const LOOKUPS = 20_480
const ROUNDS = 125
/** Requests that take turns; a power of 2. */
const HEADS = 4096
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { save: { type: 'boolean', default: false } },
})
const FLAVORS: readonly RouterFlavor[] = ['traditional', 'expressions']
const flavor = FLAVORS.find((name) => positionals.includes(name)) ?? 'traditional_compatible'

class BenchRequest implements RoutingRequest {
  readonly method = 'GET'
  path = normalizePath('/')
  readonly rawQuery = ''
  host = ''
  readonly scheme = 'http'
  readonly port = 8000
  readonly sni = undefined
  readonly sourceIp = '127.0.0.1'
  readonly sourcePort = 50_000
  readonly destinationIp = '127.0.0.1'
  readonly destinationPort = 8000
  headerValues(): readonly string[] {
    return []
  }
}

interface Head {
  readonly text: string
  readonly pathEnd: number
  readonly hostStart: number
}

function headOf(path: string, host: string): Head {
  const text = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\naccept: */*\r\n\r\n`)
  const latin1 = text.latin1Slice()
  return { text: latin1, pathEnd: 4 + path.length, hostStart: latin1.indexOf('host: ') + 6 }
}

function routeOf(number: number, fields: Partial<Route>): Route {
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  return {
    id,
    name: null,
    created_at: 1,
    protocols: ['http', 'https'],
    https_redirect_status_code: 426,
    strip_path: true,
    preserve_host: false,
    request_buffering: true,
    response_buffering: true,
    tags: null,
    service: null,
    snis: null,
    sources: null,
    destinations: null,
    methods: null,
    hosts: null,
    paths: null,
    headers: null,
    regex_priority: 0,
    path_handling: 'v0',
    ...fields,
  }
}

interface Subject {
  readonly count: number
  readonly router: Router
  readonly heads: readonly Head[]
  readonly buildMs: number
}

/** @param hot how many of the routes get all the requests */
function subjectOf(shape: Shape, count: number, hot: number): Subject {
  // All numbers have as many digits, so that one route's path is as long as that of any other.
  const made = Array.from({ length: count }, (_, number) => shape.make(50_003 + number))
  const routes = made.map(({ fields }, number) => routeOf(number, fields))
  const started = performance.now()
  const router = buildRouter(routes, new Map<string, Service>(), flavor)
  const buildMs = performance.now() - started
  const heads = Array.from({ length: HEADS }, () => {
    const { path, host } =
      made[randomInt(Math.min(count, hot)) * Math.max(1, Math.floor(count / hot))]!
    return headOf(path, host)
  })
  return { count, router, heads, buildMs }
}

const request = new BenchRequest()

/** CPU time in µs; how much of it is the system's own is only guessed at, so it counts. */
function cpuOf(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function aim({ heads }: Subject, at: number): void {
  const head = heads[at & (HEADS - 1)]!
  request.path = normalizePath(head.text.slice(4, head.pathEnd))
  request.host = head.text.slice(head.hostStart, head.text.length - 17)
}

function aimAll(subject: Subject, count = LOOKUPS): void {
  for (let at = 0; at < count; at += 1) aim(subject, at)
}

function lookUpAll(subject: Subject, count = LOOKUPS): void {
  for (let at = 0; at < count; at += 1) {
    aim(subject, at)
    if (subject.router.match(request) === undefined) throw new Error('A lookup found nothing')
  }
}

interface Measured {
  readonly routes: number
  readonly nanoseconds: number
  readonly lookupsPerSecond: number
  readonly buildMs: number
}

function measure(shape: Shape, hot: number): readonly Measured[] {
  const subjects = COUNTS.map((count) => subjectOf(shape, count, hot))
  const bare = subjects.map(() => Infinity)
  const full = subjects.map(() => Infinity)
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [index, subject] of subjects.entries()) {
      // Each head once before: the turns of the others have put it out of the caches.
      aimAll(subject, HEADS)
      bare[index] = Math.min(
        bare[index]!,
        cpuOf(() => aimAll(subject)),
      )
      lookUpAll(subject, HEADS)
      full[index] = Math.min(
        full[index]!,
        cpuOf(() => lookUpAll(subject)),
      )
    }
  return subjects.map(({ count, buildMs }, index) => {
    const nanoseconds = ((full[index]! - bare[index]!) * 1000) / LOOKUPS
    return {
      routes: count,
      nanoseconds: Math.round(nanoseconds),
      lookupsPerSecond: Math.round(1e9 / nanoseconds),
      buildMs: Math.round(buildMs),
    }
  })
}

const results: object[] = []
console.log(`flavour ${flavor}: ns a lookup (thousand lookups a second), build in ms`)
for (const [requests, hot] of [
  ['to 100 of the routes', 100],
  ['to any route', HEADS],
] as const) {
  console.log(`requests ${requests}`)
  for (const shape of SHAPES) {
    const measured = measure(shape, hot)
    const slowdown = measured.at(-1)!.nanoseconds / measured[0]!.nanoseconds
    results.push({ shape: shape.name, requests, slowdown: Number(slowdown.toFixed(2)), measured })
    const cells = measured.map(
      ({ routes, nanoseconds, lookupsPerSecond, buildMs }) =>
        `${routes}: ${nanoseconds} (${Math.round(lookupsPerSecond / 1000)}k) ${buildMs} ms`,
    )
    console.log(`  ${shape.name.padEnd(24)} ${cells.join('  ')}  ${slowdown.toFixed(2)}`)
  }
}
if (values.save) saveResult('router', {}, { flavor, lookups: LOOKUPS, rounds: ROUNDS, results })
