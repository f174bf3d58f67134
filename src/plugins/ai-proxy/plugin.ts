import type { Exchange } from '../../plugin-kit/exchange.ts'
import { cloudIdentity } from '../../plugin-kit/llm/cloud-identity.ts'
import { llmChecks, withAllRecords } from '../../plugin-kit/llm/llm-fields.ts'
import { requestLimit } from '../../plugin-kit/llm/request-body.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import type { LlmCall } from './llm-call.ts'
import { prepareCall } from './prepare-call.ts'
import {
  beginStream,
  isAnswered,
  noteWhole,
  relayChunk,
  relayWhole,
  setHeaders,
} from './relay-answer.ts'
import { schema } from './schema.ts'
import { logCall } from './statistics.ts'

/** Puts language models of several providers behind one form of requests, that of OpenAI. */
export const aiProxy: Plugin = definePlugin({
  name: 'ai-proxy',
  priority: 770,
  schema,
  configChecks: llmChecks,

  create(given, { node, id: pluginId }) {
    const config = { ...given, ...withAllRecords(given) }
    const identity = cloudIdentity(config, node)
    const limitBytes = requestLimit(config.max_request_body_size, node)
    const caller = { config, identity, limitBytes, log: node.log }
    const { log_statistics: wantsStatistics, log_payloads: wantsPayloads } = config.logging
    const key = {}
    /** Of an exchange that goes to the model; nothing for one that was refused before. */
    const calls = (exchange: Exchange): { call?: LlmCall } => exchange.local(key, () => ({}))
    const answeredCall = (exchange: Exchange): LlmCall | undefined =>
      isAnswered(exchange) ? calls(exchange).call : undefined

    return {
      async access(exchange) {
        const prepared = await prepareCall(exchange, caller)
        if (prepared.kind === 'answer') return prepared.answer
        calls(exchange).call = prepared.call
        return undefined
      },
      buffersResponse(exchange) {
        const call = answeredCall(exchange)
        return call !== undefined && !call.isStream && (call.task !== undefined || wantsStatistics)
      },
      response(exchange, body) {
        const call = answeredCall(exchange)!
        setHeaders(exchange, call, config)
        if (call.task === undefined) noteWhole(exchange, call, body)
        else relayWhole(exchange, call, body)
      },
      headerFilter(exchange) {
        const call = answeredCall(exchange)
        if (call === undefined) return
        setHeaders(exchange, call, config)
        if (call.isStream) beginStream(exchange, call, wantsStatistics && wantsPayloads)
      },
      bodyFilter(exchange, chunk, isLast) {
        const call = answeredCall(exchange)
        return call === undefined ? undefined : relayChunk(call, chunk, isLast)
      },
      log(exchange) {
        const { call } = calls(exchange)
        if (call !== undefined) logCall(exchange, call, { config, pluginId })
      },
      dispose: () => identity?.dispose(),
    }
  },
})
