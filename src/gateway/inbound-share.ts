import { SharedBytes, sharedBytesMemory } from '../base/shared-bytes.ts'
import type { SessionStore } from '../proxy/server-tls.ts'
import type { Settings } from '../settings/settings.ts'
import { parseDuration, parseSize } from '../settings/size.ts'
import { makeTicketState, TicketKeys, type TicketState } from './ticket-keys.ts'

/** What the proxy listeners of all workers have in common; handed to each worker when it starts. */
export interface InboundShare {
  readonly tickets: TicketState
  /** TLS sessions of clients; absent where these keep them themselves. */
  readonly sessions: SharedArrayBuffer | undefined
}

/** The control plane's side of it. */
export class InboundSharing {
  readonly #tickets: TicketKeys
  readonly #sessions: SharedArrayBuffer | undefined

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
    return { tickets: this.#tickets.state(nowMs), sessions: this.#sessions }
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
