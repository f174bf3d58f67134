import type { AdminRoute } from '../plugin-kit/plugin.ts'
import { NO_CONTENT, NOT_FOUND, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext, PluginEndpoints } from './admin-context.ts'
import { bodyFields } from './entity-input.ts'
import type { AdminRequest, Method, Resource } from './resource.ts'

/** Addresses that plugins bring. What answers them runs where the plugins run. */
export function pluginResources({ pluginEndpoints }: AdminContext): readonly Resource[] {
  if (pluginEndpoints === undefined) return []
  const byPath = Map.groupBy(pluginEndpoints.routes, ({ path }) => path)
  return [...byPath].map(([path, routes]) => ({
    path: path.replaceAll(/:([^/]+)/g, '{$1}'),
    isUnlisted: routes.every(({ isUnlisted }) => isUnlisted === true),
    methods: Object.fromEntries(
      routes.map((route): [Method, (request: AdminRequest) => Promise<AdminAnswer>] => [
        route.method,
        (request) => ask(pluginEndpoints, route, request),
      ]),
    ),
  }))
}

async function ask(
  endpoints: PluginEndpoints,
  route: AdminRoute,
  { params, query, input }: AdminRequest,
): Promise<AdminAnswer> {
  const { status, headers, body } = await endpoints.answer(route, {
    parameters: params,
    query: Object.fromEntries([...query].map(([name, value]) => [name, String(value)])),
    body: bodyFields(input),
  })
  const head = { status, ...(headers !== undefined && { headers }) }
  if (typeof body === 'string') {
    const { 'content-type': type = 'text/plain; charset=UTF-8', ...others } = lowerCased(headers)
    return { status, text: { type, content: body }, headers: others }
  }
  if (body !== undefined) return { ...head, json: body }
  return status === 404 ? NOT_FOUND : { ...NO_CONTENT, ...head }
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
