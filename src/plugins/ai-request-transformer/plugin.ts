import { exit, type Answer } from '../../plugin-kit/answer.ts'
import { modelAsker } from '../../plugin-kit/llm/ask-model.ts'
import { logAsked } from '../../plugin-kit/llm/log-asked.ts'
import { readRequestText, refuseRequest, requestLimit } from '../../plugin-kit/llm/request-body.ts'
import { transformerChecks } from '../../plugin-kit/llm/transformer-fields.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { schema } from './schema.ts'

/** Lets a language model rewrite the bodies of requests. */
export const aiRequestTransformer: Plugin = definePlugin({
  name: 'ai-request-transformer',
  priority: 777,
  schema,
  checks: transformerChecks,
  not: ['consumer'],

  create(config, { node, id: pluginId }) {
    const asker = modelAsker(config, node)
    const limitBytes = requestLimit(config.max_request_body_size, node)
    const { llm } = config

    return {
      async access(exchange): Promise<Answer | undefined> {
        const request = await readRequestText(exchange, limitBytes)
        if (request === undefined) return TOO_LONG
        const asked = await asker.ask(request)
        if (asked.kind === 'fault') return refuseRequest(asked.message)
        if (asked.kind === 'unproven') {
          node.log.error(
            `ai-request-transformer: cannot prove to ${llm.model.provider} who asks`,
            asked.cause,
          )
          return UNPROVEN
        }
        logAsked(exchange, asked.facts, {
          plugin: 'ai-request-transformer',
          pluginId,
          llm,
          request,
        })
        exchange.upstream.setBody(asked.content)
        return undefined
      },
      dispose: () => asker.dispose(),
    }
  },
})

const TOO_LONG = refuseRequest('the request body is longer than max_request_body_size')

const UNPROVEN: Answer = {
  ...exit(500, undefined, { headers: { 'content-type': 'text/plain; charset=utf-8' } }),
  body: 'LLM request failed before proxying',
}
