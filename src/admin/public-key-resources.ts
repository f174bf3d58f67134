import { NOT_FOUND, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { locateRow } from './locate-entity.ts'
import type { Resource } from './resource.ts'

/**
 * `GET /key-sets/{key-set}/jwks`: the public halves of the keys of a set, for whoever verifies what
 * was signed with them. Not Kong's; also part of the Status API, which may be open to others.
 */
export const PUBLIC_KEYS_PATH = '/key-sets/{key_sets}/jwks'

export function publicKeyResources(context: AdminContext): readonly Resource[] {
  const { publicKeys } = context
  const kind = context.catalog.kind('key_sets')
  if (kind === undefined) return []
  return [
    {
      path: PUBLIC_KEYS_PATH,
      isUnlisted: true,
      methods: {
        GET: async ({ params }): Promise<AdminAnswer> => {
          const row = locateRow(context, kind, params['key_sets']!)
          if (!row.ok || publicKeys === undefined) return NOT_FOUND
          const keySet = await publicKeys(row.value.id)
          return {
            status: 200,
            // RFC 7517 §8.5.2
            text: { type: 'application/jwk-set+json', content: JSON.stringify(keySet) },
          }
        },
      },
    },
  ]
}
