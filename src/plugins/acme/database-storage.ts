import { administer } from './certificate-keeper.ts'
import type { EntityLookup, NodeServices } from '../../plugin-kit/plugin.ts'
import type { AcmeStorage } from './storage.ts'

interface WrittenRow {
  readonly id: string
  readonly value: string
}

/**
 * Rows of the gateway's own database. They are read from the configuration that is served, and what
 * this thread wrote is remembered until that has it too.
 */
export function databaseStorage(node: NodeServices, entities: EntityLookup): AcmeStorage {
  const written = node.keep('acme rows', () => new Map<string, WrittenRow>())
  const find = (key: string): WrittenRow | undefined => {
    const row = entities.by('acme_storage', 'key', key)
    return written.get(key) ?? (row && { id: row.id, value: row['value'] as string })
  }
  const body = (key: string, value: string, ttl: number | undefined) => ({
    key,
    value,
    ...(ttl !== undefined && { ttl }),
  })

  function remember(key: string, row: WrittenRow, ttlSeconds: number | undefined): void {
    written.set(key, row)
    if (ttlSeconds === undefined) return
    const forget = (): void => {
      if (written.get(key) === row) written.delete(key)
    }
    setTimeout(forget, ttlSeconds * 1000).unref()
  }

  return {
    async get(key) {
      return find(key)?.value
    },
    async set(key, value, ttlSeconds) {
      const id = find(key)?.id ?? crypto.randomUUID()
      await administer(node, 'PUT', `/acme_storage/${id}`, body(key, value, ttlSeconds))
      remember(key, { id, value }, ttlSeconds)
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
      remember(key, { id, value }, ttlSeconds)
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
}
