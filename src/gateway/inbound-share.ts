import { SharedBytes, sharedBytesMemory } from '../base/shared-bytes.ts'
import { SharedCounters, sharedCounterMemory } from '../base/shared-counters.ts'
import type { ConnectionCount } from '../proxy/connection-caps.ts'
import type { SessionStore } from '../proxy/transport/sockets.ts'
import type { Settings } from '../settings/settings.ts'
import { parseDuration, parseSize } from '../settings/size.ts'
import { makeTicketState, TicketKeys, type TicketState } from './ticket-keys.ts'

/** What the proxy listeners of all workers have in common; handed to each worker when it starts. */
export interface InboundShare {
  readonly tickets: TicketState
  /** TLS sessions of clients; absent where these keep them themselves. */
  readonly sessions: SharedArrayBuffer | undefined
  readonly connections: SharedConnections
}

/** Where the connections of clients are counted. */
export interface SharedConnections {
  readonly counters: SharedArrayBuffer
  /** An Int32 that grows when a worker is lost: nobody takes its connections off the counts. */
  readonly era: SharedArrayBuffer
}

/** Clients with connections at a time that are sure to be told apart. */
const CONNECTION_COUNTERS = 2 ** 16

/** The control plane's side of it. */
export class InboundSharing {
  readonly #tickets: TicketKeys
  readonly #sessions: SharedArrayBuffer | undefined
  readonly #connections: SharedConnections = {
    counters: sharedCounterMemory(CONNECTION_COUNTERS),
    era: new SharedArrayBuffer(4),
  }

  constructor(settings: Settings, nowMs: number) {
    const periodMs = parseDuration(settings.ssl_session_timeout)!
    this.#tickets = new TicketKeys(makeTicketState(periodMs, nowMs))
    this.#sessions =
      settings.ssl_session_tickets === 'off'
        ? sharedBytesMemory(parseSize(settings.ssl_session_cache_size)!)
        : undefined
  }

  /** For a worker that starts now. */
  share(nowMs: number): InboundShare {
    return {
      tickets: this.#tickets.state(nowMs),
      sessions: this.#sessions,
      connections: this.#connections,
    }
  }

  /** A worker is gone with its connections, so that counts begin anew. */
  onWorkerLost(): void {
    Atomics.add(new Int32Array(this.#connections.era), 0, 1)
  }
}

/** TLS sessions by their id, for as long as they may be taken up again. */
export function sessionStore(
  memory: SharedArrayBuffer | undefined,
  lifeSeconds: number,
): SessionStore | undefined {
  if (memory === undefined) return undefined
  const bytes = new SharedBytes(memory)
  const nowSeconds = () => Math.floor(Date.now() / 1000)
  return {
    get: (id) => bytes.get(id.toString('base64'), nowSeconds()),
    set: (id, session) =>
      void bytes.set(id.toString('base64'), session, nowSeconds() + lifeSeconds),
  }
}

/** Connections are counted as long as they last, which nobody knows. */
const NEVER_SECONDS = 2 ** 31 - 1

export function connectionCount({ counters, era }: SharedConnections): ConnectionCount {
  const counts = new SharedCounters(counters)
  const eras = new Int32Array(era)
  return {
    get era() {
      return Atomics.load(eras, 0)
    },
    add: (key, by) => counts.add(key, by, NEVER_SECONDS, Math.floor(Date.now() / 1000)),
  }
}
