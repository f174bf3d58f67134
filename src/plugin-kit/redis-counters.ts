import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { redisClass } from '../base/late-modules.ts'
import type { NodeServices } from './plugin.ts'
import type { RedisConfig } from './redis-fields.ts'

export interface Increment {
  readonly key: string
  readonly by: number
  /** Of a counter that begins with this addition. */
  readonly ttlSeconds: number
}

/** Counters in a Redis that several nodes share. A command that fails rejects. */
export interface RemoteCounters {
  read(keys: readonly string[]): Promise<readonly number[]>
  /** @returns the counts with these additions, in order */
  increment(increments: readonly Increment[]): Promise<readonly number[]>
}

/** The counters of a Redis. One connection serves all that name the same place. */
export function redisCounters(node: NodeServices, config: RedisConfig): RemoteCounters {
  return node.keep<RemoteCounters>(`redis ${digest(config)}`, () =>
    countersOver(connect(config, node)),
  )
}

/** A client of a Redis. One connection serves all that name the same place. */
export function redisClient(node: NodeServices, config: RedisConfig): Redis {
  return node.keep(`redis client ${digest(config)}`, () => connect(config, node))
}

/** A name for the place that does not tell the password. */
function digest(config: RedisConfig): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('base64url')
}

/** What is needed of a client. */
export interface RedisCommands {
  mget(...keys: string[]): Promise<(string | null)[]>
  pipeline(commands: (string | number)[][]): {
    exec(): Promise<[error: Error | null, result: unknown][] | null>
  }
}

export function countersOver(redis: RedisCommands): RemoteCounters {
  async function run(commands: (string | number)[][]): Promise<readonly unknown[]> {
    const results = (await redis.pipeline(commands).exec()) ?? []
    return results.map(([error, result]) => {
      if (error !== null) throw error
      return result
    })
  }

  return {
    async read(keys) {
      return (await redis.mget(...keys)).map((text) => Number(text ?? 0))
    },
    async increment(increments) {
      const counts = await run(increments.map(({ key, by }) => ['incrby', key, by]))
      const begun = increments.filter(({ by }, index) => counts[index] === by)
      if (begun.length > 0)
        await run(begun.map(({ key, ttlSeconds }) => ['expire', key, ttlSeconds]))
      return counts.map(Number)
    },
  }
}

function connect(config: RedisConfig, node: NodeServices): Redis {
  const { password, username } = config
  const place = placeOf(config)
  const timeout = config.timeout ?? 2000
  const redis = new (redisClass())({
    ...place,
    connectTimeout: config.connect_timeout ?? timeout,
    commandTimeout: config.read_timeout ?? timeout,
    db: config.database ?? 0,
    lazyConnect: true,
    // A request waits for one attempt, not for a Redis that comes back some day.
    maxRetriesPerRequest: 0,
    ...(password && { password, ...(username && { username }) }),
    ...(config.ssl && {
      tls: {
        rejectUnauthorized: config.ssl_verify,
        ...(config.server_name && { servername: config.server_name }),
      },
    }),
  })
  redis.on('error', (error: Error) =>
    node.log.error(`Cannot reach Redis at ${place.path ?? `${place.host}:${place.port}`}`, error),
  )
  return redis
}

/** Where it is, for a client. */
function placeOf({ host, port, socket }: RedisConfig): RedisPlace {
  if (socket !== undefined) return { path: socket }
  if (host === undefined)
    throw new TypeError('Cannot connect to Redis: config.redis.host is missing')
  return { host, port: port ?? 6379 }
}

type RedisPlace =
  | { readonly path: string; readonly host?: never; readonly port?: never }
  | { readonly host: string; readonly port: number; readonly path?: never }
