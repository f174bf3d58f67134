import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Route, Service } from '../../src/entities/entity.ts'
import { parseConfiguration } from '../../src/gateway/parse-configuration.ts'
import { buildRouter } from '../../src/router/build-router.ts'
import type { Router, RouterFlavor } from '../../src/router/route-match.ts'
import { requestOf } from '../../src/router/testing/routing-fixtures.ts'
import { upstreamUri } from '../../src/router/upstream-uri.ts'
import { CASES } from './groups.ts'

interface Case {
  readonly name: string
  readonly config?: string
  readonly request: {
    readonly method: string
    readonly path?: string
    readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[]
    readonly port: number
    readonly path_repeat?: number
  }
  readonly response: { readonly status?: number }
  readonly upstream_saw: { readonly path: string } | null
}

const FILES: readonly (readonly [string, RouterFlavor])[] = [
  ['routing', 'traditional_compatible'],
  ['route-priority', 'traditional_compatible'],
  ['path-handling', 'traditional_compatible'],
  ['traditional/routing', 'traditional'],
  ['traditional/route-priority', 'traditional'],
  ['traditional/path-handling', 'traditional'],
]

/** Recorded answers that the route alone decides: found and passed on, or not found. */
function decidedCases(file: string): readonly Case[] {
  const name = path.join(CASES, `${file}.jsonl`)
  if (!existsSync(name)) return []
  return readFileSync(name, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Case)
    .filter(
      ({ config, request, response }) =>
        config !== undefined &&
        request.port === 8000 &&
        request.path?.startsWith('/') === true &&
        request.path_repeat === undefined &&
        (response.status === 200 || response.status === 404),
    )
}

const routers = new Map<string, Router>()

async function routerFor(file: string, flavor: RouterFlavor): Promise<Router> {
  const key = `${flavor} ${file}`
  let router = routers.get(key)
  if (router === undefined) {
    const parsed = await parseConfiguration(
      { database: 'off', plugins: ['bundled'], router_flavor: flavor },
      { text: readFileSync(file, 'utf8'), fileName: file },
    )
    if (!parsed.ok) throw new Error(parsed.message)
    const services = (parsed.entities['services'] ?? []) as readonly Service[]
    router = buildRouter(
      (parsed.entities['routes'] ?? []) as readonly Route[],
      new Map(services.map((service) => [service.id, service])),
      flavor,
    )
    routers.set(key, router)
  }
  return router
}

function headersOf({ headers = {} }: Case['request']): Readonly<Record<string, readonly string[]>> {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers)
  const values: Record<string, string[]> = {}
  for (const [name, value] of pairs as readonly (readonly [string, string])[])
    (values[name.toLowerCase()] ??= []).push(value)
  return values
}

/** The path the upstream would be asked for, or `undefined` without a route. */
function decide({ request }: Case, router: Router): string | undefined {
  const headers = headersOf(request)
  const asked = requestOf({
    method: request.method,
    target: request.path!,
    host: headers['host']?.[0] ?? 'localhost:8000',
    headers,
  })
  const match = router.match(asked)
  if (match === undefined) return undefined
  return upstreamUri({
    servicePath: match.service?.path,
    requestPath: asked.path,
    matchedPath: match.matchedPath,
    stripPath: match.route.strip_path,
    pathHandling: match.pathHandling,
  })
}

describe.each(FILES)('routes of %s are found as recorded from Kong (%s)', (file, flavor) => {
  const cases = decidedCases(file)
  it.each(cases.map((recorded) => [recorded.name, recorded] as const))(
    '%s',
    async (_, recorded) => {
      const config = path.resolve(path.dirname(path.join(CASES, `${file}.jsonl`)), recorded.config!)
      expect(decide(recorded, await routerFor(config, flavor))).toBe(
        recorded.upstream_saw?.path.split('?')[0],
      )
    },
  )
})
