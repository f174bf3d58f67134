import { exit, type Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { modelAsker } from '../../plugin-kit/llm/ask-model.ts'
import { inflated } from '../../plugin-kit/llm/gzip.ts'
import { logAsked } from '../../plugin-kit/llm/log-asked.ts'
import { refuseRequest } from '../../plugin-kit/llm/request-body.ts'
import { transformerChecks } from '../../plugin-kit/llm/transformer-fields.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { readInstructions } from './instructions.ts'
import { schema } from './schema.ts'

/** Lets a language model rewrite the responses of upstreams. */
export const aiResponseTransformer: Plugin = definePlugin({
  name: 'ai-response-transformer',
  priority: 768,
  schema,
  checks: transformerChecks,

  create(config, { node, id: pluginId }) {
    const asker = modelAsker(config, node)
    const { llm } = config

    return {
      access({ upstream }) {
        // What the model is to read has to be readable here.
        upstream.setHeader('Accept-Encoding', 'gzip, identity')
      },
      async response(exchange, body): Promise<Answer> {
        const text = inflated(body, exchange.response.header('content-encoding')).toString()
        const asked = await asker.ask(text)
        if (asked.kind === 'fault') return refuseRequest(asked.message)
        if (asked.kind === 'unproven') {
          node.log.error(
            `ai-response-transformer: cannot prove to ${llm.model.provider} who asks`,
            asked.cause,
          )
          return UNPROVEN
        }
        logAsked(exchange, asked.facts, {
          plugin: 'ai-response-transformer',
          pluginId,
          llm,
          request: text,
        })
        return config.parse_llm_response_json_instructions
          ? instructed(exchange, asked.content)
          : answerWith(exchange, {
              status: exchange.response.status,
              headers: {},
              body: asked.content,
            })
      },
      dispose: () => asker.dispose(),
    }
  },
})

const UNPROVEN: Answer = {
  ...exit(500, undefined, { headers: { 'content-type': 'text/plain; charset=utf-8' } }),
  body: 'LLM request failed before proxying',
}

function instructed(exchange: Exchange, content: string): Answer {
  const instructions = readInstructions(content)
  if (typeof instructions !== 'string') return answerWith(exchange, instructions)
  const message = `failed to parse JSON response instructions from AI backend: ${instructions}`
  return exit(500, { error: { message } }, { reason: message })
}

/** Fields that told of the upstream's body, or of its connection. */
const NOT_KEPT: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
])

/** The answer has the headers of the upstream's, but for those that the model said. */
function answerWith(
  { response }: Exchange,
  given: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  },
): Answer {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of response.headers()) {
    const lower = name.toLowerCase()
    if (NOT_KEPT.has(lower) || Object.hasOwn(given.headers, lower)) continue
    const before = headers[lower]
    headers[lower] = before === undefined ? value : [before, value].flat()
  }
  return {
    kind: 'exit',
    status: given.status,
    headers: { ...headers, ...given.headers },
    body: given.body,
    reason: 'ai-response-transformer: what the model made of the response',
  }
}
