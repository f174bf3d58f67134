import type { Exchange } from '../exchange.ts'
import type { AskedFacts } from './ask-model.ts'
import { numberAt, textAt } from './json-members.ts'
import type { LlmConfig } from './llm-fields.ts'
import { costOf } from './llm-usage.ts'
import { parseJsonObject } from './request-body.ts'

/** Adds to the log entry what a model that was asked on the way took, under the plugin's name. */
export function logAsked(
  exchange: Exchange,
  { answer, latencyMs }: AskedFacts,
  by: {
    readonly plugin: string
    readonly pluginId: string
    readonly llm: LlmConfig
    /** The client's body. */
    readonly request: string
  },
): void {
  const { log_statistics: wantsStatistics, log_payloads: wantsPayloads } = by.llm.logging
  const set = (name: string, value: unknown): void =>
    exchange.setLogValue(`ai.${by.plugin}.${name}`, value)
  if (wantsPayloads) set('payload', { request: by.request, response: answer })
  if (!wantsStatistics) return
  const { model } = by.llm
  const parsed = parseJsonObject(answer)
  const name = model.name ?? 'UNSPECIFIED'
  set('meta', {
    plugin_id: by.pluginId,
    provider_name: model.provider,
    request_model: name,
    response_model: textAt(parsed, 'model') ?? name,
    llm_latency: latencyMs,
  })
  set('usage', usageOf(parsed, latencyMs, model))
  set('cache', {})
}

function usageOf(
  answer: unknown,
  latencyMs: number,
  { options }: LlmConfig['model'],
): Readonly<Record<string, unknown>> {
  const promptTokens = numberAt(answer, 'usage', 'prompt_tokens')
  const completionTokens = numberAt(answer, 'usage', 'completion_tokens')
  const isCounted = promptTokens !== undefined && completionTokens !== undefined
  const cost = isCounted ? costOf({ promptTokens, completionTokens }, options ?? {}) : 0
  return {
    ...(completionTokens && { time_per_token: Math.floor(latencyMs / completionTokens) }),
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: numberAt(answer, 'usage', 'total_tokens'),
    ...(cost > 0 && { cost }),
  }
}
