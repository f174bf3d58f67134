import { administer } from './certificate-keeper.ts'
import type { EntityLookup, NodeServices } from '../../plugin-kit/plugin.ts'
import type { AcmeStorage } from './storage.ts'

/**
 * Rows of the gateway's own database. They are read from the configuration that is served, and what
 * this thread wrote is remembered until that has it too.
 */
export function databaseStorage(node: NodeServices, entities: EntityLookup): AcmeStorage {
  const written = node.keep(
    'acme rows',
    () => new Map<string, { readonly id: string; readonly value: string }>(),
  )
  const find = (key: string): { readonly id: string; readonly value: string } | undefined => {
    const row = entities.by('acme_storage', 'key', key)
    return row === undefined ? written.get(key) : { id: row.id, value: row['value'] as string }
  }
  const body = (key: string, value: string, ttl: number | undefined) => ({
    key,
    value,
    ...(ttl !== undefined && { ttl }),
  })

  const storage: AcmeStorage = {
    async get(key) {
      return (written.get(key) ?? find(key))?.value
    },
    async set(key, value, ttlSeconds) {
      const id = find(key)?.id ?? crypto.randomUUID()
      await administer(node, 'PUT', `/acme_storage/${id}`, body(key, value, ttlSeconds))
      written.set(key, { id, value })
    },
    async add(key, value, ttlSeconds) {
      if (find(key) !== undefined) return false
      const id = crypto.randomUUID()
      try {
        await administer(node, 'PUT', `/acme_storage/${id}`, body(key, value, ttlSeconds))
      } catch (error) {
        if ((error as Error).message.includes('answered 409')) return false
        throw error
      }
      written.set(key, { id, value })
      setTimeout(() => written.delete(key), ttlSeconds * 1000).unref()
      return true
    },
    async delete(key) {
      const row = find(key)
      written.delete(key)
      if (row !== undefined) await administer(node, 'DELETE', `/acme_storage/${row.id}`)
    },
    async list(prefix) {
      const stored = entities.rows('acme_storage').map(({ key }) => key as string)
      return [...new Set([...stored, ...written.keys()])].filter((key) => key.startsWith(prefix))
    },
  }
  return storage
}
