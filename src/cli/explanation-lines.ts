import type { RouteExplanation } from '../gateway/explain-routes.ts'
import { columns } from './columns.ts'

/** An explanation for people: what happens to the request, then why not otherwise. */
export function explanationLines(explanation: RouteExplanation): readonly string[] {
  const { request, answer, plan, others } = explanation
  const query = request.query === '' ? '' : `?${request.query}`
  const asked = `${request.method} ${request.scheme}://${request.host}${request.path}${query}`
  const steps: (readonly [string, string])[] = [['route', routeText(explanation)]]
  if (plan?.service) steps.push(['service', plan.service.name ?? plan.service.id])
  for (const [index, text] of columns(pluginRows(plan)).entries())
    steps.push([index === 0 ? 'plugins' : '', text])
  if (answer !== undefined) steps.push(['answer', `${answer.status} ${answer.message}`])
  else if (plan?.upstream_uri !== undefined) steps.push(['upstream', plan.upstream_uri])
  const rows = others.map(({ route, failed }) => [
    route.name ?? route.id,
    failed ?? 'matches as well, and comes later',
  ])
  return [
    asked,
    ...columns(steps).map(indented),
    ...(rows.length === 0 ? [] : ['not taken', ...columns(rows).map(indented)]),
  ]
}

function routeText({ route, matched_path: path, captures }: RouteExplanation): string {
  if (route === null) return 'none'
  const named = Object.entries(captures?.named ?? {}).map(([name, value]) => `${name}=${value}`)
  return [route.name ?? route.id, ...(path === undefined ? [] : [`by ${path}`]), ...named].join(
    '  ',
  )
}

function pluginRows(plan: RouteExplanation['plan']): readonly (readonly string[])[] {
  if (plan === null) return []
  if (plan.plugins.length === 0) return [['none']]
  return plan.plugins.map(({ name, scope, differs_by_consumer: differs }) => [
    name,
    differs ? `${scope}, some consumers have their own` : scope,
  ])
}

function indented(line: string): string {
  return `  ${line}`
}
