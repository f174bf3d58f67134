import { toByteString } from '../../base/buffer-slices.ts'
import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { explainWith } from '../../plugin-kit/explain-with.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { acls } from './entities.ts'
import { groupSource, type GroupSource } from './group-source.ts'
import { checks, schema } from './schema.ts'

/** What to do about a refusal, by its code. */
const FIXES = {
  'groups-refused-401': 'put a plugin that says who the client is before this one',
  'groups-refused-403':
    'add the consumer to a group that is allowed (POST /consumers/<consumer>/acls), or change allow and deny',
}

/** Lets through, or keeps out, the members of groups. */
export const acl: Plugin = definePlugin({
  name: 'acl',
  priority: 950,
  schema,
  checks,
  not: ['consumer'],
  entities: [acls],
  explain: explainWith('groups', FIXES),

  create(config, context) {
    const denied = new Set(config.deny ?? [])
    const rule: Rule =
      denied.size > 0
        ? { kind: 'deny', groups: denied }
        : { kind: 'allow', groups: new Set(config.allow ?? []) }

    return {
      access(exchange) {
        const source = groupSource(exchange, context, config.always_use_authenticated_groups)
        const answer = refusal(source, rule, exchange.credential !== undefined)
        note(exchange, source, answer)
        if (answer === undefined) tellGroups(exchange, source, config.hide_groups_header)
        return answer
      },
    }
  },
})

interface Rule {
  readonly kind: 'allow' | 'deny'
  readonly groups: ReadonlySet<string>
}

/** @param isIdentified whoever is known gets a 403, and whoever could still say who he is a 401 */
function refusal(source: GroupSource, rule: Rule, isIdentified: boolean): Answer | undefined {
  switch (source.from) {
    case 'nobody':
      return unauthorized('nobody was identified; is there an authentication plugin?')
    case 'nowhere':
      return forbidden('the credential has no consumer and brought no groups')
    case 'authentication':
      return matches(rule, source.groups) ? undefined : forbidden(whyNot(rule, source.groups))
    case 'consumer': {
      if (matches(rule, source.groups)) return undefined
      const isUngrouped = source.groups.length === 0
      return isUngrouped && !isIdentified
        ? unauthorized('the anonymous consumer is in no group')
        : forbidden(whyNot(rule, source.groups))
    }
  }
}

function matches({ kind, groups }: Rule, given: readonly string[]): boolean {
  return given.some((group) => groups.has(group)) === (kind === 'allow')
}

function whyNot({ kind, groups }: Rule, given: readonly string[]): string {
  const held = given.length === 0 ? 'no group' : `groups ${given.join(', ')}`
  return `in ${held}; ${kind === 'allow' ? 'allowed' : 'denied'} are ${[...groups].join(', ')}`
}

function unauthorized(reason: string): Answer {
  return refuse(401, undefined, { reason: `acl: ${reason}` })
}

function forbidden(reason: string): Answer {
  return refuse(403, 'You cannot consume this service', { reason: `acl: ${reason}` })
}

/**
 * Tells the upstream the groups. Hidden ones are not told, and neither is what the client claims to
 * be in: Kong lets that through, where an upstream might believe it.
 */
function tellGroups({ upstream }: Exchange, source: GroupSource, hides: boolean): void {
  if (hides) upstream.removeHeader('X-Consumer-Groups')
  else if (source.from === 'consumer')
    upstream.setHeader('X-Consumer-Groups', toByteString(source.groups.join(', ')))
  else if (source.from === 'authentication')
    upstream.setHeader('X-Authenticated-Groups', toByteString(source.groups.join(', ')))
}

function note(exchange: Exchange, source: GroupSource, answer: Answer | undefined): void {
  const { decisions } = exchange
  if (decisions === undefined || (answer === undefined && !decisions.wantsPasses)) return
  decisions.note({
    plugin: 'acl',
    verdict: answer === undefined ? 'passed' : 'refused',
    code: answer === undefined ? 'groups-permitted' : `groups-refused-${answer.status}`,
    ...(answer?.reason !== undefined && { detail: answer.reason }),
    facts: { from: source.from, groups: 'groups' in source ? source.groups : [] },
  })
}
