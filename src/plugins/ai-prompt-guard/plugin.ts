import { exit, type Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import {
  readJsonRequest,
  refuseRequest,
  requestLimit,
  saysJson,
} from '../../plugin-kit/llm/request-body.ts'
import { compilePattern, type Pattern } from '../../plugin-kit/pattern.ts'
import { definePlugin, type Plugin, type PluginLog } from '../../plugin-kit/plugin.ts'
import { promptText } from './prompt-text.ts'
import { checks, schema } from './schema.ts'

/** Lets prompts through by regular expressions. Who is refused is not told by what. */
export const aiPromptGuard: Plugin = definePlugin({
  name: 'ai-prompt-guard',
  priority: 771,
  schema,
  checks,

  create(config, { node }) {
    const limitBytes = requestLimit(config.max_request_body_size, node)
    const denied = (config.deny_patterns ?? []).map((text) => guardPattern(text, node.log))
    const allowed = (config.allow_patterns ?? []).map((text) => guardPattern(text, node.log))

    return {
      async access(exchange): Promise<Answer | undefined> {
        const body = await readRequest(exchange, limitBytes)
        const text = body && promptText(body, config)
        if (text === undefined) return refusal('the request is not of a form with a prompt')
        for (const pattern of denied) {
          if (pattern.compiled === undefined) return BROKEN
          const isTooLong = text.length > pattern.compiled.longestText
          if (isTooLong || pattern.compiled.isFoundIn(text))
            return refusal('the prompt matches a deny pattern')
        }
        for (const pattern of allowed) {
          if (pattern.compiled === undefined) return BROKEN
          if (pattern.compiled.isFoundIn(text)) return undefined
        }
        return allowed.length === 0 ? undefined : refusal('the prompt matches no allow pattern')
      },
    }
  },
})

function readRequest(exchange: Exchange, limitBytes: number): ReturnType<typeof readJsonRequest> {
  return saysJson(exchange) ? readJsonRequest(exchange, limitBytes) : Promise.resolve(undefined)
}

interface GuardPattern {
  /** Absent for a text that is no regular expression; Kong finds out when it is tried. */
  readonly compiled: Pattern | undefined
}

function guardPattern(text: string, log: PluginLog): GuardPattern {
  try {
    return { compiled: compilePattern(text) }
  } catch (error) {
    log.error(`ai-prompt-guard: "${text}" is not a regular expression`, error)
    return { compiled: undefined }
  }
}

const BROKEN = exit(500, undefined, { reason: 'ai-prompt-guard: a pattern cannot be compiled' })

function refusal(why: string): Answer {
  return refuseRequest('bad request', `ai-prompt-guard: ${why}`)
}
