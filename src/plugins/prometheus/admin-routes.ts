import type {
  AdminAnswer,
  AdminRequest,
  AdminRoute,
  NodeServices,
} from '../../plugin-kit/plugin.ts'
import { exposition } from './exposition.ts'
import { combineMetrics, MetricStore, type Metrics } from './metric-store.ts'
import { nodeMetrics } from './node-metrics.ts'

/** The metrics of this worker; they outlive configurations. */
export function metricStore(node: NodeServices): MetricStore {
  return node.keep('prometheus', () => new MetricStore())
}

export const adminRoutes: readonly AdminRoute[] = [
  { method: 'GET', path: '/metrics', handle: ofWorker, combine: ofNode },
]

function ofWorker({ node, entities }: AdminRequest): AdminAnswer {
  const metrics = combineMetrics([nodeMetrics(node, entities), metricStore(node).metrics()])
  return { status: 200, body: metrics }
}

function ofNode(answers: readonly AdminAnswer[]): AdminAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'text/plain; charset=UTF-8' },
    body: exposition(combineMetrics(answers.map(({ body }) => body as Metrics))),
  }
}
