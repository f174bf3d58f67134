import type { EntityLookup } from '../../plugin-kit/plugin.ts'
import type { JwtCredential } from './credential.ts'

/** Longer keys are compared by their beginning. */
const COMPARED_LETTERS = 64

/**
 * Names the configured key that is most like an unknown one, since that is usually what was meant.
 * Keys are names, not secrets; the text goes to logs only.
 *
 * @param maxCredentials with more credentials nothing is looked for: the sender of bad tokens
 * decides how often this runs
 */
export function nearestKey(
  key: string,
  { entities }: { readonly entities: EntityLookup },
  maxCredentials: number,
): string | undefined {
  if (entities.rows('jwt_secrets').length === 0) return 'there are no credentials at all'
  const nearest = nearestCredential(key, entities, maxCredentials)
  if (nearest === undefined) return undefined
  const owner = entities.consumer(nearest.consumer.id)
  const name = owner?.username ?? owner?.custom_id ?? nearest.consumer.id
  return `nearest: "${nearest.key}" of consumer ${name}`
}

/** @returns nothing where there are no credentials, or more than `maxCredentials` */
export function nearestCredential(
  key: string,
  entities: EntityLookup,
  maxCredentials: number,
): JwtCredential | undefined {
  const credentials = entities.rows('jwt_secrets') as readonly JwtCredential[]
  if (credentials.length > maxCredentials) return undefined
  let nearest: JwtCredential | undefined
  let least = Infinity
  for (const credential of credentials) {
    const distance = editDistance(key, credential.key)
    if (distance < least) [nearest, least] = [credential, distance]
  }
  return nearest
}

/** How many letters must be put in, taken out or changed to make one text the other (Levenshtein). */
export function editDistance(one: string, other: string): number {
  const left = one.slice(0, COMPARED_LETTERS)
  const right = other.slice(0, COMPARED_LETTERS)
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 0; i < left.length; i += 1) {
    const next = [i + 1]
    for (let j = 0; j < right.length; j += 1) {
      const change = row[j]! + (left[i] === right[j] ? 0 : 1)
      next.push(Math.min(change, row[j + 1]! + 1, next[j]! + 1))
    }
    row = next
  }
  return row[right.length]!
}
