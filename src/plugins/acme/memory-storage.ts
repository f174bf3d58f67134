import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { nodeCounters, nodeDocuments } from '../../plugin-kit/shared-memory.ts'
import type { AcmeStorage } from './storage.ts'

/** Unix time. The memory takes no later one, and does not last longer than the process. */
const FOR_GOOD = 2 ** 31 - 1
const COUNT = 'acme places'

/**
 * The memory of the node, which all its workers share. Keys are listed by places that are counted
 * up, so that no two workers can take the same one.
 */
export function memoryStorage(node: NodeServices): AcmeStorage {
  const documents = nodeDocuments(node)
  const counters = nodeCounters(node)
  const now = (): number => Math.floor(node.now() / 1000)
  const read = (key: string): string | undefined => {
    const bytes = documents.get(key, now())
    return bytes && Buffer.from(bytes).toString()
  }
  const write = (key: string, value: string, ttlSeconds = Infinity): void => {
    if (!documents.set(key, Buffer.from(value), Math.min(now() + ttlSeconds, FOR_GOOD)))
      throw new Error(`The memory of the node has no room for "${key}"`)
  }

  return {
    async get(key) {
      return read(key)
    },
    async set(key, value, ttlSeconds) {
      const isNew = read(key) === undefined
      write(key, value, ttlSeconds)
      if (!isNew || ttlSeconds !== undefined) return
      const place = counters.add(COUNT, 1, FOR_GOOD, now())
      write(`${COUNT} ${place}`, key)
    },
    async add(key, value, ttlSeconds) {
      const name = `acme ${key}`
      if (read(key) !== undefined) return false
      // Of two that come at the same time one counts first.
      if (counters.add(name, 1, now() + ttlSeconds, now()) > 1) return false
      write(key, value, ttlSeconds)
      return true
    },
    async delete(key) {
      documents.delete(key)
      counters.add(`acme ${key}`, -counters.get(`acme ${key}`, now()), 0, now())
    },
    async list(prefix) {
      const places = counters.get(COUNT, now())
      const keys = Array.from({ length: places }, (_, index) => read(`${COUNT} ${index + 1}`))
      return [...new Set(keys)].filter(
        (key) => key?.startsWith(prefix) === true && read(key) !== undefined,
      ) as string[]
    },
  }
}
