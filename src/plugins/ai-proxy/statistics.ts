import type { Exchange } from '../../plugin-kit/exchange.ts'
import { textAt } from '../../plugin-kit/llm/json-members.ts'
import { costOf } from '../../plugin-kit/llm/llm-usage.ts'
import { parseJsonObject } from '../../plugin-kit/llm/request-body.ts'
import type { LlmCall } from './llm-call.ts'
import { streamedAnswer } from './relay-answer.ts'
import type { Config } from './schema.ts'

/** Adds to the log entry what a call of a model took, and what was said if that is wanted. */
export function logCall(
  exchange: Exchange,
  call: LlmCall,
  { config, pluginId }: { readonly config: Config; readonly pluginId: string },
): void {
  const { log_statistics: wantsStatistics, log_payloads: wantsPayloads } = config.logging
  if (!wantsStatistics) return
  if (call.stream !== undefined) {
    call.usage = call.stream.usage
    call.answer = streamedAnswer(call, wantsPayloads)
  }
  exchange.setLogValue('ai.proxy.meta', metaOf(call, pluginId))
  exchange.setLogValue('ai.proxy.usage', usageOf(call))
  if (!wantsPayloads) return
  exchange.setLogValue('ai.proxy.payload.request', call.request)
  if (call.answer !== undefined) exchange.setLogValue('ai.proxy.payload.response', call.answer)
}

function metaOf(call: LlmCall, pluginId: string): Readonly<Record<string, unknown>> {
  const { model, answer = '' } = call
  return {
    plugin_id: pluginId,
    provider_name: model.provider,
    request_model: model.name,
    response_model: textAt(parseJsonObject(answer), 'model') ?? model.name,
    llm_latency: latencyOf(call),
    ...(model.provider === 'azure' && {
      azure_instance_id: model.options.azure_instance,
      azure_deployment_id: model.options.azure_deployment_id,
      azure_api_version: model.options.azure_api_version,
    }),
  }
}

function usageOf(call: LlmCall): Readonly<Record<string, number>> {
  const { usage = { promptTokens: call.promptTokens, completionTokens: 0 }, model } = call
  const { promptTokens: prompt, completionTokens: completion } = usage
  return {
    time_per_token: completion === 0 ? 0 : latencyOf(call) / completion,
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    cost: costOf(usage, model.options),
  }
}

/** From reading the request to the end of the answer, in ms; 0 where there was none. */
function latencyOf({ startedAtMs, endedAtMs }: LlmCall): number {
  return endedAtMs === undefined ? 0 : endedAtMs - startedAtMs
}
