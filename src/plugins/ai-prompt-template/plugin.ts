import type { JsonObject } from '../../base/json.ts'
import type { Answer } from '../../plugin-kit/answer.ts'
import {
  parseJsonObject,
  readRequestText,
  refuseRequest,
  requestLimit,
} from '../../plugin-kit/llm/request-body.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { fault, renderTemplate, type Rendered } from './render-template.ts'
import { schema } from './schema.ts'

/** Makes requests of templates, which clients call by name and give values for. */
export const aiPromptTemplate: Plugin = definePlugin({
  name: 'ai-prompt-template',
  priority: 773,
  schema,

  create(config, { node }) {
    const limitBytes = requestLimit(config.max_request_body_size, node)
    // Of two with one name the first counts.
    const templates = new Map(
      config.templates.toReversed().map(({ name, template }) => [name, template]),
    )

    return {
      async access(exchange): Promise<Answer | undefined> {
        const text = await readRequestText(exchange, limitBytes)
        if (config.log_original_request && text !== undefined)
          exchange.setLogValue('ai.payload.original_request', text)
        const body = text === undefined ? undefined : parseJsonObject(text)
        if (body === undefined) return NOT_JSON
        const rendered = render(body, templates)
        if (rendered === undefined)
          return config.allow_untemplated_requests ? undefined : UNTEMPLATED
        if (rendered.kind === 'fault') return refuseRequest(rendered.message)
        exchange.upstream.setBody(rendered.text)
        return undefined
      },
    }
  },
})

const NOT_JSON = refuseRequest('this LLM route only supports application/json requests')
const UNTEMPLATED = refuseRequest('this LLM route only supports templated requests')

/** @returns nothing for a request that calls no template */
function render(
  { messages, prompt, properties }: JsonObject,
  templates: ReadonlyMap<string, string>,
): Rendered | undefined {
  if (isGiven(messages) && isGiven(prompt))
    return fault("cannot run 'messages' and 'prompt' templates at the same time")
  const reference = isGiven(messages) ? messages : prompt
  if (!isGiven(reference))
    return fault("only 'llm/v1/chat' and 'llm/v1/completions' formats are supported for templating")
  const name = templateName(reference)
  if (name === undefined) return undefined
  const template = templates.get(name)
  if (template === undefined) return fault(`could not find template name [${name}]`)
  return renderTemplate(template, properties)
}

/** As Lua sees it, null is something. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== false
}

/** @returns the name in `{template://name}`, or nothing for what is not of that form */
function templateName(reference: unknown): string | undefined {
  if (typeof reference !== 'string') return undefined
  return /^\{template:\/\/(.*)\}$/s.exec(reference)?.[1]
}
