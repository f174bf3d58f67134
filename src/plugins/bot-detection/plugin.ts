import { flat } from '../../base/buffer-slices.ts'
import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import { compilePattern, type Pattern } from '../../plugin-kit/pattern.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { KNOWN_BOTS } from './known-bots.ts'
import { schema } from './schema.ts'

/** Decisions are remembered for so many user agents; when there are more, it begins anew. */
const CACHE_ENTRIES = 10_000
/** Longer user agents, of which few are real, are judged each time. */
const LONGEST_REMEMBERED = 512

const AMBIGUOUS = refuse(400, 'Only one User-Agent header allowed', {
  reason: 'bot-detection: several User-Agent headers',
})
const FORBIDDEN = refuse(403, undefined, { reason: 'bot-detection: the user agent is a bot' })

/** Refuses bots that say in `User-Agent` that they are some. */
export const botDetection: Plugin = definePlugin({
  name: 'bot-detection',
  priority: 2500,
  schema,
  not: ['consumer'],

  create(config, { node }) {
    const allowed = (config.allow ?? []).map(compilePattern)
    const denied = (config.deny ?? []).map(compilePattern)
    const known = node.keep('bot-detection', () => KNOWN_BOTS.map(compilePattern))
    const decided = new Map<string, Answer | undefined>()

    function decide(agent: string): Answer | undefined {
      if (isFound(allowed, agent)) return undefined
      return isFound(denied, agent) || isFound(known, agent) ? FORBIDDEN : undefined
    }

    return {
      access({ request }) {
        const agents = request.headerValues('user-agent')
        if (agents.length > 1) return AMBIGUOUS
        const agent = agents[0]?.trim()
        if (agent === undefined || agent === '') return undefined
        if (decided.has(agent)) return decided.get(agent)
        const answer = decide(agent)
        if (agent.length > LONGEST_REMEMBERED) return answer
        if (decided.size >= CACHE_ENTRIES) decided.clear()
        // A part of a head would keep the whole of it.
        decided.set(flat(agent), answer)
        return answer
      },
    }
  },
})

function isFound(patterns: readonly Pattern[], agent: string): boolean {
  return patterns.some((pattern) => pattern.isFoundIn(agent))
}
