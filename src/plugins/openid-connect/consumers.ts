import type { Consumer } from '../../entities/entity.ts'
import { sourceOf, type ConsumerSource } from '../../plugin-kit/consumer-source.ts'
import type { EntityLookup, PluginContext } from '../../plugin-kit/plugin.ts'
import type { Config } from './schema.ts'

/** @returns a promise only where a source is asked */
export type FindConsumer = (named: string) => Answer | Promise<Answer>

type Answer = Consumer | undefined | 'unavailable'

/** Finds the consumer that a claim names: in the configuration, or else where a source has it. */
export function consumerFinder(
  config: Config,
  { entities, node }: Pick<PluginContext, 'entities' | 'node'>,
): FindConsumer {
  const findConfigured = configuredFinder(config, entities)
  const source = sourceOf(node, 'consumers')
  if (source === undefined) return findConfigured
  return (named) => findConfigured(named) ?? findInSource(source, config.consumer_by, named)
}

/** One field after the other, since the order says which counts. */
async function findInSource(
  source: ConsumerSource,
  fields: readonly string[],
  named: string,
): Promise<Answer> {
  for (const field of fields) {
    const answer = await source.find('consumers', field, named)
    if (answer.kind === 'found') return answer.consumer
    if (answer.kind === 'unavailable') return answer.kind
  }
  return undefined
}

function configuredFinder(
  config: Config,
  entities: EntityLookup,
): (named: string) => Consumer | undefined {
  let byLowerCase: ReadonlyMap<string, Consumer | undefined> | undefined

  function byUsername(name: string): Consumer | undefined {
    const exact = entities.by('consumers', 'username', name)
    if (exact !== undefined || !config.by_username_ignore_case) return exact as Consumer | undefined
    byLowerCase ??= usernames(entities)
    return byLowerCase.get(name.toLowerCase())
  }

  return (named) => {
    for (const field of config.consumer_by) {
      const found =
        field === 'id'
          ? entities.consumer(named)
          : field === 'username'
            ? byUsername(named)
            : (entities.by('consumers', 'custom_id', named) as Consumer | undefined)
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
