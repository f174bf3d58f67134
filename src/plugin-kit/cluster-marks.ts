import { createHash } from 'node:crypto'
import type { NodeServices } from './plugin.ts'
import { redisClient } from './redis-counters.ts'
import type { RedisConfig } from './redis-fields.ts'
import { askPatiently } from './redis-patience.ts'
import { nodeTickets, nodeUsedIds } from './shared-memory.ts'

/** Remembers that something was used that counts once. */
export interface OneTimeIds {
  /**
   * Uses an id, which all workers of the node see at once.
   *
   * @param untilSeconds Unix time up to which it is remembered
   * @returns whether this was the first time; a promise only where other nodes are asked, too
   */
  use(id: string, untilSeconds: number): boolean | Promise<boolean>
}

/**
 * Ids that count once on this node, and with a Redis on all that share it. While the Redis cannot be
 * reached each node goes by what it knows itself, and the error log says so.
 *
 * @param purpose what the ids are of; those of another purpose are others
 */
export function oneTimeIds(
  node: NodeServices,
  purpose: string,
  redis: RedisConfig | undefined,
): OneTimeIds {
  const used = nodeUsedIds(node)
  const nowSeconds = (): number => Math.floor(node.now() / 1000)
  const isFirstHere = (id: string, untilSeconds: number): boolean =>
    used.add(`${purpose} ${id}`, 1, untilSeconds, nowSeconds()) === 1
  if (redis === undefined) return { use: isFirstHere }

  const cluster = clusterMarks(node, purpose, redis)
  return {
    use: (id, untilSeconds) =>
      isFirstHere(id, untilSeconds) && cluster.set(id, untilSeconds).then((isNew) => isNew ?? true),
  }
}

/** Something that has ended before its time. */
export interface EndedThings {
  end(id: string, untilSeconds: number): Promise<void>
  /** @returns a promise only where other nodes are asked, too */
  hasEnded(id: string): boolean | Promise<boolean>
}

/**
 * What has ended on this node, in all of its workers, and with a Redis on all nodes that share it. The
 * Redis is treated as in {@link oneTimeIds}.
 */
export function endedThings(
  node: NodeServices,
  purpose: string,
  redis: RedisConfig | undefined,
): EndedThings {
  const ended = nodeTickets(node)
  const mark = Buffer.from('1')
  const nowSeconds = (): number => Math.floor(node.now() / 1000)
  const hasEndedHere = (id: string): boolean =>
    ended.get(`${purpose} ${id}`, nowSeconds()) !== undefined
  const cluster = redis && clusterMarks(node, purpose, redis)

  return {
    async end(id, untilSeconds) {
      ended.set(`${purpose} ${id}`, mark, untilSeconds)
      await cluster?.set(id, untilSeconds)
    },
    hasEnded: (id) =>
      hasEndedHere(id) || (cluster?.has(id).then((isMarked) => isMarked ?? false) ?? false),
  }
}

/** Marks in a Redis; `undefined` stands for an answer that could not be had. */
interface ClusterMarks {
  /** @returns whether there was none yet */
  set(id: string, untilSeconds: number): Promise<boolean | undefined>
  has(id: string): Promise<boolean | undefined>
}

function clusterMarks(node: NodeServices, purpose: string, config: RedisConfig): ClusterMarks {
  const redis = redisClient(node, config)
  const ask = askPatiently(node, { what: purpose, meanwhile: 'this node decides alone' })
  // Ids come from clients, and may be long, or say something that is nobody's business.
  const keyOf = (id: string): string =>
    `portunus:${purpose.replaceAll(' ', ':')}:${createHash('sha256').update(id).digest('base64url')}`

  return {
    set(id, untilSeconds) {
      const seconds = Math.max(Math.ceil(untilSeconds - node.now() / 1000), 1)
      return ask(async () => (await redis.set(keyOf(id), '1', 'EX', seconds, 'NX')) === 'OK')
    },
    has: (id) => ask(async () => (await redis.exists(keyOf(id))) === 1),
  }
}
