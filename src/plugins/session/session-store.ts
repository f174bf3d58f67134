import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { nodeTickets } from '../../plugin-kit/shared-memory.ts'
import type { Config } from './schema.ts'
import { sealWith, type Seal } from '../../plugin-kit/sealed.ts'
import { expireCookieLine, setCookieLine } from './session-cookies.ts'
import {
  isAlive,
  readSession,
  rememberTimeouts,
  sessionTimeouts,
  writeSession,
  type SessionState,
  type Timeouts,
} from './session-state.ts'

/** Finds the session of a request, and says how a client gets one. */
export interface SessionStore {
  find(request: ClientRequest, now: number): SessionState | undefined
  /** @returns the `Set-Cookie` lines */
  save(session: SessionState, now: number): readonly string[]
  /** @returns the lines that take the cookies away */
  destroy(session: SessionState): readonly string[]
}

export function sessionStore(config: Config, node: NodeServices): SessionStore {
  const kinds: readonly Kind[] = [
    kindOf(config, { name: config.cookie_name, timeouts: sessionTimeouts(config), lasts: false }),
    ...(config.remember
      ? [
          kindOf(config, {
            name: config.remember_cookie_name,
            timeouts: rememberTimeouts(config),
            lasts: true,
          }),
        ]
      : []),
  ]
  const memory = config.storage === 'kong' ? nodeTickets(node) : undefined

  function read(sealed: string, { seal }: Kind, now: number): SessionState | undefined {
    const text = seal.open(sealed)
    if (text === undefined) return undefined
    if (memory === undefined) return readSession(text)
    const bytes = memory.get(`session:${text}`, now)
    return bytes && readSession(Buffer.from(bytes).toString())
  }

  function write(session: SessionState, { seal, timeouts }: Kind, now: number): string {
    if (memory === undefined) return seal.seal(writeSession(session))
    const lasts = timeouts.rolling === 0 ? 365 * 86_400 : timeouts.rolling
    memory.set(`session:${session.id}`, Buffer.from(writeSession(session)), now + lasts)
    return seal.seal(session.id)
  }

  return {
    find(request, now) {
      for (const kind of kinds) {
        const sealed = request.cookie(kind.name)
        const session = sealed === undefined ? undefined : read(sealed, kind, now)
        if (session?.audience === config.audience && isAlive(session, kind.timeouts, now))
          return session
      }
      return undefined
    },
    save: (session, now) =>
      kinds.map((kind) =>
        setCookieLine(
          kind.name,
          write(session, kind, now),
          config,
          kind.lasts ? { timeouts: kind.timeouts, now } : undefined,
        ),
      ),
    destroy(session) {
      memory?.delete(`session:${session.id}`)
      return kinds.map(({ name }) => expireCookieLine(name, config))
    },
  }
}

/** One of the two cookies. */
interface Kind {
  readonly name: string
  readonly timeouts: Timeouts
  /** It outlives the browser. */
  readonly lasts: boolean
  readonly seal: Seal
}

function kindOf(config: Config, kind: Omit<Kind, 'seal'>): Kind {
  return { ...kind, seal: sealWith(config.secret, `${kind.name} ${config.audience}`) }
}
