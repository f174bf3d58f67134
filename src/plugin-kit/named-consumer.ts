import type { Consumer } from '../entities/entity.ts'
import type { ConsumerField } from './consumer-claim-fields.ts'
import { sourceOf, whenKnown, type ConsumerSource, type SourceAnswer } from './consumer-source.ts'
import type { EntityLookup, PluginContext } from './plugin.ts'

/** A consumer that was named; where a source had it, with how long that counts. */
export type NamedConsumer =
  | SourceAnswer
  | { readonly kind: 'configured'; readonly consumer: Consumer }

/** @returns a promise only where a source is asked */
export type FindNamed = (name: string) => NamedConsumer | Promise<NamedConsumer>

/** Which fields a name is compared with, in their order. */
interface NameRules {
  readonly by: readonly ConsumerField[]
  readonly ignoresCaseOfUsernames?: boolean
}

/** Finds the consumer that a claim names: in the configuration, or else where a source has it. */
export function consumerFinder(
  rules: NameRules,
  { entities, node }: Pick<PluginContext, 'entities' | 'node'>,
): FindNamed {
  const find = configuredFinder(rules, entities)
  const source = sourceOf(node, 'consumers')
  return (name) => {
    const consumer = find(name)
    if (consumer !== undefined) return { kind: 'configured', consumer }
    return source === undefined ? { kind: 'none' } : findInSource(source, rules.by, name)
  }
}

/** One field after the other, since the order says which counts. */
function findInSource(
  source: ConsumerSource,
  [field, ...others]: readonly ConsumerField[],
  name: string,
): SourceAnswer | Promise<SourceAnswer> {
  if (field === undefined) return { kind: 'none' }
  return whenKnown(source.find('consumers', field, name), (answer) =>
    answer.kind === 'none' ? findInSource(source, others, name) : answer,
  )
}

function configuredFinder(
  { by, ignoresCaseOfUsernames = false }: NameRules,
  entities: EntityLookup,
): (name: string) => Consumer | undefined {
  let byLowerCase: ReadonlyMap<string, Consumer | undefined> | undefined

  function byUsername(name: string): Consumer | undefined {
    const exact = entities.by('consumers', 'username', name)
    if (exact !== undefined || !ignoresCaseOfUsernames) return exact as Consumer | undefined
    byLowerCase ??= usernames(entities)
    return byLowerCase.get(name.toLowerCase())
  }

  const finders = {
    id: (name: string) => entities.consumer(name),
    username: byUsername,
    custom_id: (name: string) =>
      entities.by('consumers', 'custom_id', name) as Consumer | undefined,
  } as const
  return (name) => {
    for (const field of by) {
      const found = finders[field](name)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** Names that differ in case alone stand for nobody: either could be meant. */
function usernames(entities: EntityLookup): ReadonlyMap<string, Consumer | undefined> {
  const found = new Map<string, Consumer | undefined>()
  for (const row of entities.rows('consumers')) {
    const consumer = row as unknown as Consumer
    const name = consumer.username?.toLowerCase()
    if (name !== undefined) found.set(name, found.has(name) ? undefined : consumer)
  }
  return found
}
