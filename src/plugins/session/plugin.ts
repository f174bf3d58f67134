import { createHash } from 'node:crypto'
import { toByteString } from '../../base/buffer-slices.ts'
import type { Consumer } from '../../entities/entity.ts'
import type { Answer } from '../../plugin-kit/answer.ts'
import { sourceOf, whenKnown } from '../../plugin-kit/consumer-source.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import {
  ALL_PROTOCOLS,
  definePlugin,
  type Plugin,
  type PluginContext,
  type PluginHandlers,
} from '../../plugin-kit/plugin.ts'
import {
  headerOfFact,
  refreshed,
  sessionFact,
  type Timeouts,
} from '../../plugin-kit/session-times.ts'
import { sessionMetadatas, sessions } from './entities.ts'
import { logoutRule } from './logout.ts'
import { schema, shorthands, type Config } from './schema.ts'
import { newSession, sessionTimeouts, type SessionState } from './session-state.ts'
import { sessionStore, type SessionStore } from './session-store.ts'

/** Remembers in a cookie whom another plugin has authenticated. */
export const session: Plugin = definePlugin({
  name: 'session',
  priority: 1900,
  schema,
  shorthands,
  not: ['consumer'],
  entities: [sessions, sessionMetadatas],
  protocols: { allowed: ALL_PROTOCOLS },
  create: (config, context) => new SessionHandlers(config, context),
})

interface Open {
  session: SessionState | undefined
  /** It is to be sent again. */
  isRenewed: boolean
  /** The lines that take the cookies of a session away that was ended. */
  expired: readonly string[]
}

class SessionHandlers implements PluginHandlers {
  readonly #config: Config
  readonly #context: PluginContext
  readonly #store: SessionStore
  readonly #endsSession: ReturnType<typeof logoutRule>
  readonly #timeouts: Timeouts

  constructor(config: Config, context: PluginContext) {
    this.#config = config
    this.#context = context
    this.#store = sessionStore(config, context.node)
    this.#endsSession = logoutRule(config)
    this.#timeouts = sessionTimeouts(config)
  }

  access(exchange: Exchange): Answer | undefined | Promise<Answer | undefined> {
    const found = this.#store.find(exchange.request, this.#seconds())
    return whenKnown(found, (session) => session && this.#use(exchange, session))
  }

  #use(exchange: Exchange, found: SessionState): Answer | undefined | Promise<Answer | undefined> {
    const ends = this.#endsSession(exchange.request)
    return whenKnown(ends, (isOver): Answer | undefined | Promise<Answer | undefined> =>
      isOver ? whenKnown(this.#store.destroy(found), loggedOut) : this.#resume(exchange, found),
    )
  }

  headerFilter(exchange: Exchange): void {
    const { consumer, credential, response } = exchange
    const open = this.#openOf(exchange)
    if (consumer === undefined || credential === undefined) {
      for (const line of open.expired) response.addHeader('Set-Cookie', line)
      return
    }
    const now = this.#seconds()
    const isSame =
      open.session?.consumerId === consumer.id && open.session.credentialId === credential.id
    const current = isSame ? open.session! : this.#begin(exchange, consumer, credential.id)
    if (!isSame || open.isRenewed)
      for (const line of this.#store.save(current, now, !isSame))
        response.addHeader('Set-Cookie', line)
    const of = { timeouts: this.#timeouts, now }
    for (const fact of this.#config.response_headers ?? [])
      response.setHeader(headerOfFact(fact), sessionFact(current, fact, of))
  }

  #begin(exchange: Exchange, consumer: Consumer, credentialId: string): SessionState {
    return newSession(
      {
        audience: this.#config.audience,
        subject: subjectOf(consumer, this.#config),
        consumerId: consumer.id,
        credentialId,
        groups: groupsOf(exchange),
      },
      this.#seconds(),
    )
  }

  /** Whoever it was may be gone; the next plugins find out who it is now. */
  #resume(exchange: Exchange, found: SessionState): undefined | Promise<undefined> {
    const { entities, node } = this.#context
    const consumer = entities.consumer(found.consumerId)
    if (consumer !== undefined) return this.#resumeAs(consumer, exchange, found)
    const source = sourceOf(node, 'consumers')
    if (source === undefined) return this.#end(exchange, found)
    return whenKnown(source.find('consumers', 'id', found.consumerId), (answer) => {
      if (answer.kind === 'found') return this.#resumeAs(answer.consumer, exchange, found)
      // A source that does not answer does not say that he is gone.
      return answer.kind === 'none' ? this.#end(exchange, found) : undefined
    })
  }

  #end(exchange: Exchange, found: SessionState): undefined | Promise<undefined> {
    return whenKnown(this.#store.destroy(found), (expired) => {
      this.#openOf(exchange).expired = expired
      return undefined
    })
  }

  #resumeAs(consumer: Consumer, exchange: Exchange, found: SessionState): undefined {
    const now = this.#seconds()
    const renewed = refreshed(found, this.#timeouts, now)
    const current = renewed ?? found
    Object.assign(this.#openOf(exchange), { session: current, isRenewed: renewed !== undefined })
    const of = { timeouts: this.#timeouts, now }
    for (const fact of this.#config.request_headers ?? [])
      exchange.upstream.setHeader(headerOfFact(fact), sessionFact(current, fact, of))
    exchange.shared.set('authenticated_session', { id: found.id, subject: found.subject })
    const { credentialId: id, consumerId } = found
    exchange.authenticate({ consumer, credential: { id, consumerId }, credentialIdentifier: id })
    tellGroups(exchange, found.groups)
  }

  #openOf(exchange: Exchange): Open {
    return exchange.local<Open>(this, () => ({
      session: undefined,
      isRenewed: false,
      expired: [],
    }))
  }

  #seconds(): number {
    return Math.floor(this.#context.node.now() / 1000)
  }
}

function loggedOut(cookies: readonly string[]): Answer {
  return {
    kind: 'exit',
    status: 200,
    headers: { 'set-cookie': cookies },
    reason: 'session: logged out',
  }
}

function tellGroups({ shared, upstream }: Exchange, groups: readonly string[]): void {
  if (groups.length === 0) {
    upstream.removeHeader('X-Authenticated-Groups')
    return
  }
  shared.set('authenticated_groups', groups)
  upstream.setHeader('X-Authenticated-Groups', toByteString(groups.join(', ')))
}

function groupsOf({ shared }: Exchange): readonly string[] {
  const groups = shared.get('authenticated_groups')
  return Array.isArray(groups)
    ? groups.filter((group): group is string => typeof group === 'string')
    : []
}

function subjectOf(consumer: Consumer, config: Config): string {
  const subject = consumer.username ?? consumer.custom_id ?? consumer.id
  return config.hash_subject ? createHash('sha256').update(subject).digest('base64url') : subject
}
