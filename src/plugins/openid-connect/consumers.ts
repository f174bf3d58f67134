import type { Consumer } from '../../entities/entity.ts'
import type { EntityLookup } from '../../plugin-kit/plugin.ts'
import type { Config } from './schema.ts'

/** Finds the consumer that a claim names. */
export function consumerFinder(
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
