import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { IndexedStore } from './indexed-store.ts'
import { clientConfig, postgresError, type PostgresConnection } from './postgres-connection.ts'

export interface FollowingOptions {
  readonly connection: PostgresConnection
  readonly store: Pick<IndexedStore, 'refresh'>
  readonly pollSeconds: number
  readonly onTrouble: (error: Error) => void
}

export interface Following {
  end(): Promise<void>
}

/** Where nodes tell each other that something was written. */
export const CHANNEL = 'portunus_changes'

/**
 * Lets a store look for what other nodes wrote: at once when told, and every few seconds in case
 * word was lost. Connections that break are made again, and the trouble told of once.
 */
export function followChanges(options: FollowingOptions): Following {
  const ending = new AbortController()
  const trouble = outageReporter(options.onTrouble)
  const done = Promise.all([poll(options, trouble, ending.signal), listen(options, ending.signal)])
  return {
    async end() {
      ending.abort()
      await done
    },
  }
}

interface Trouble {
  failed(error: unknown): void
  passed(): void
}

function outageReporter(onTrouble: (error: Error) => void): Trouble {
  let isOut = false
  return {
    failed(error) {
      if (!isOut) onTrouble(postgresError(error))
      isOut = true
    },
    passed() {
      isOut = false
    },
  }
}

async function poll(
  { store, pollSeconds }: FollowingOptions,
  trouble: Trouble,
  signal: AbortSignal,
): Promise<void> {
  while (await passes(pollSeconds * 1000, signal)) {
    try {
      await store.refresh()
      trouble.passed()
    } catch (error) {
      trouble.failed(error)
    }
  }
}

/** The poll tells of trouble; this one only tries again, ever less often while it is in vain. */
async function listen(options: FollowingOptions, signal: AbortSignal): Promise<void> {
  let waitMs = FIRST_WAIT_MS
  do {
    const hasListened = await listenOnce(options, signal)
    waitMs = hasListened ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS)
    // Nodes that lost the database together should not all come back in the same moment.
  } while (await passes(waitMs * (0.5 + Math.random()), signal))
}

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 5000

/** A connection that a network has dropped without a word is found out by asking it something. */
const HEARTBEAT_MS = 15_000

/** Listens on one connection until it breaks. @returns whether it ever did */
async function listenOnce(
  { connection, store }: FollowingOptions,
  signal: AbortSignal,
): Promise<boolean> {
  let hasListened = false
  const client = new pg.Client(clientConfig(connection))
  const broken = new Promise<void>((resolve) => {
    client.once('error', () => resolve())
    client.once('end', () => resolve())
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  client.on('error', () => undefined)
  // What goes wrong with a look at one word of news, the next poll finds as well.
  const look = oneAtATime(() => store.refresh().catch(() => undefined))
  client.on('notification', look)
  try {
    await client.connect()
    await client.query(`LISTEN ${CHANNEL}`)
    hasListened = true
    // What was written while nobody listened.
    look()
    while (!signal.aborted && (await isStill(broken, HEARTBEAT_MS))) await client.query('SELECT 1')
  } catch {
    // It is tried again soon.
  } finally {
    // A connection that hangs would let its end be waited for as well.
    void client.end().catch(() => undefined)
  }
  return hasListened
}

/** Whether something has not come to pass within a time. */
async function isStill(event: Promise<void>, ms: number): Promise<boolean> {
  const ending = new AbortController()
  const isOver = await Promise.race([
    event.then(() => true),
    passes(ms, ending.signal).then(() => false),
  ])
  ending.abort()
  return !isOver
}

/** Calls during a run ask for one more run after it, however many they are. */
function oneAtATime(task: () => Promise<void>): () => void {
  let isRunning = false
  let isAsked = false
  const run = async (): Promise<void> => {
    isRunning = true
    while (isAsked) {
      isAsked = false
      await task()
    }
    isRunning = false
  }
  return () => {
    isAsked = true
    if (!isRunning) void run()
  }
}

async function passes(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal, ref: false })
    return true
  } catch {
    // Aborted.
    return false
  }
}
