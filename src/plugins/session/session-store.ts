import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { whenKnown } from '../../plugin-kit/consumer-source.ts'
import { sealWith, type Seal } from '../../plugin-kit/sealed.ts'
import { isAlive, type Timeouts } from '../../plugin-kit/session-times.ts'
import type { Config } from './schema.ts'
import { expireCookieLine, setCookieLine } from './session-cookies.ts'
import { sessionRows } from './session-rows.ts'
import {
  readSession,
  rememberTimeouts,
  sessionTimeouts,
  writeSession,
  type SessionState,
} from './session-state.ts'

/** Finds the session of a request, and says how a client gets one. */
export interface SessionStore {
  /** A promise only where sessions are not in their cookies, nor remembered on this node. */
  find(
    request: ClientRequest,
    now: number,
  ): SessionState | undefined | Promise<SessionState | undefined>
  /** @returns the `Set-Cookie` lines */
  save(session: SessionState, now: number, isNew: boolean): readonly string[]
  /** @returns the lines that take the cookies away */
  destroy(session: SessionState): readonly string[] | Promise<readonly string[]>
}

export function sessionStore(config: Config, node: NodeServices): SessionStore {
  const kinds = kindsOf(config)
  const rows = config.storage === 'kong' ? sessionRows(config, node) : undefined
  const expired = kinds.map(({ name }) => expireCookieLine(name, config))

  function isGood(session: SessionState | undefined, kind: Kind, now: number): boolean {
    return session?.audience === config.audience && isAlive(session, kind.timeouts, now)
  }

  /** What the cookies say, in their order, without what was not sealed here. */
  function sealedTexts(request: ClientRequest): readonly (readonly [Kind, string])[] {
    return kinds.flatMap((kind) => {
      const sealed = request.cookie(kind.name)
      const text = sealed === undefined ? undefined : kind.seal.open(sealed)
      return text === undefined ? [] : [[kind, text]]
    })
  }

  return {
    find(request, now) {
      const texts = sealedTexts(request)
      if (texts.length === 0) return undefined
      if (rows === undefined) {
        for (const [kind, text] of texts) {
          const session = readSession(text)
          if (isGood(session, kind, now)) return session
        }
        return undefined
      }
      // Both cookies are of one session.
      const [[, id]] = texts as [readonly [Kind, string]]
      return whenKnown(rows.find(id), (session) =>
        texts.some(([kind, text]) => text === id && isGood(session, kind, now))
          ? session
          : undefined,
      )
    },
    save(session, now, isNew) {
      rows?.keep(session, now, isNew)
      const text = rows === undefined ? writeSession(session) : session.id
      return kinds.map(({ name, seal, timeouts, lasts }) =>
        setCookieLine(name, seal.seal(text), config, lasts ? { timeouts, now } : undefined),
      )
    },
    destroy: (session) =>
      rows === undefined ? expired : rows.remove(session.id).then(() => expired),
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

function kindsOf(config: Config): readonly Kind[] {
  const { cookie_name: name, remember_cookie_name: lastingName } = config
  const kind = kindOf(config, { name, timeouts: sessionTimeouts(config), lasts: false })
  if (!config.remember) return [kind]
  const timeouts = rememberTimeouts(config)
  return [kind, kindOf(config, { name: lastingName, timeouts, lasts: true })]
}
