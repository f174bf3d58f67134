import type { Answer } from '../../plugin-kit/answer.ts'
import {
  readJsonRequest,
  refuseRequest,
  requestLimit,
  saysJson,
} from '../../plugin-kit/llm/request-body.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { checks, schema } from './schema.ts'

const NOT_JSON = refuseRequest('this LLM route only supports application/json requests')
const NOT_CHAT = refuseRequest('this LLM route only supports llm/chat type requests')

/** Puts messages before and after those of a chat. */
export const aiPromptDecorator: Plugin = definePlugin({
  name: 'ai-prompt-decorator',
  priority: 772,
  schema,
  checks,

  create(config, { node }) {
    const { prepend = [], append = [] } = config.prompts
    const limitBytes = requestLimit(config.max_request_body_size, node)

    return {
      async access(exchange): Promise<Answer | undefined> {
        const body = saysJson(exchange) ? await readJsonRequest(exchange, limitBytes) : undefined
        if (body === undefined) return NOT_JSON
        const messages: unknown = body['messages']
        if (!Array.isArray(messages) || messages.length === 0) return NOT_CHAT
        const decorated = { ...body, messages: [...prepend, ...messages, ...append] }
        exchange.upstream.setBody(JSON.stringify(decorated))
        exchange.upstream.setHeader('Content-Type', 'application/json')
        return undefined
      },
    }
  },
})
