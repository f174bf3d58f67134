import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { DEFAULT_WORKSPACE } from '../../plugin-kit/workspace.ts'
import type { MetricStore } from './metric-store.ts'

const TOKEN_TYPES = ['prompt_tokens', 'completion_tokens', 'total_tokens'] as const

/**
 * Counts calls of language models, which the plugins that made them tell of in the log entry.
 *
 * @param logValues by keys such as `ai.proxy.usage`
 */
export function recordModels(store: MetricStore, logValues: ReadonlyMap<string, unknown>): void {
  for (const [key, meta] of logValues) {
    const plugin = /^ai\.([^.]+)\.meta$/.exec(key)?.[1]
    if (plugin === undefined || !isJsonObject(meta)) continue
    const part = (name: string): JsonObject => {
      const value = logValues.get(`ai.${plugin}.${name}`)
      return isJsonObject(value) ? value : {}
    }
    recordCall(store, meta, { usage: part('usage'), cache: part('cache') })
  }
}

function recordCall(
  store: MetricStore,
  meta: JsonObject,
  { usage, cache }: { readonly usage: JsonObject; readonly cache: JsonObject },
): void {
  const labels = [
    textOf(meta['provider_name']),
    store.modelLabel(textOf(meta['request_model'])),
    textOf(cache['cache_status']),
    textOf(cache['vector_db']),
    textOf(cache['embeddings_provider']),
    textOf(cache['embeddings_model']),
  ]
  const { name: workspace } = DEFAULT_WORKSPACE
  store.add('ai_llm_requests_total', [...labels, workspace], 1)
  const cost = numberOf(usage['cost'])
  if (cost > 0) store.add('ai_llm_cost_total', [...labels, workspace], cost)
  const latencyMs = numberOf(meta['llm_latency'])
  if (latencyMs > 0) store.observe('ai_llm_provider_latency_ms', [...labels, workspace], latencyMs)
  for (const type of TOKEN_TYPES) {
    const tokens = numberOf(usage[type])
    if (tokens > 0) store.add('ai_llm_tokens_total', [...labels, type, workspace], tokens)
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
