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
import { sessionMetadatas, sessions } from './entities.ts'
import { logoutRule } from './logout.ts'
import { schema, shorthands, type Config, type SessionFact } from './schema.ts'
import {
  newSession,
  refreshed,
  sessionFact,
  sessionTimeouts,
  type SessionState,
  type Timeouts,
} from './session-state.ts'
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
    if (config.store_metadata)
      context.node.log.warn(
        'session: metadata of sessions are not kept, store_metadata has no effect',
      )
  }

  access(exchange: Exchange): Answer | undefined | Promise<Answer | undefined> {
    const found = this.#store.find(exchange.request, this.#seconds())
    if (found === undefined) return undefined
    const ends = this.#endsSession(exchange.request)
    if (ends === false) return this.#resume(exchange, found)
    if (ends === true) return loggedOut(this.#store.destroy(found))
    return ends.then((isOver) =>
      isOver ? loggedOut(this.#store.destroy(found)) : this.#resume(exchange, found),
    )
  }

  headerFilter(exchange: Exchange): void {
    const { consumer, credential, response } = exchange
    if (consumer === undefined || credential === undefined) return
    const now = this.#seconds()
    const open = this.#openOf(exchange)
    const isSame =
      open.session?.consumerId === consumer.id && open.session.credentialId === credential.id
    const current = isSame ? open.session! : this.#begin(exchange, consumer, credential.id)
    if (!isSame || open.isRenewed)
      for (const line of this.#store.save(current, now)) response.addHeader('Set-Cookie', line)
    const of = { timeouts: this.#timeouts, now }
    for (const fact of this.#config.response_headers ?? [])
      response.setHeader(headerOf(fact), sessionFact(current, fact, of))
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
    if (source === undefined) return undefined
    return whenKnown(source.find('consumers', 'id', found.consumerId), (answer) =>
      answer.kind === 'found' ? this.#resumeAs(answer.consumer, exchange, found) : undefined,
    )
  }

  #resumeAs(consumer: Consumer, exchange: Exchange, found: SessionState): undefined {
    const now = this.#seconds()
    const renewed = refreshed(found, this.#timeouts, now)
    const current = renewed ?? found
    Object.assign(this.#openOf(exchange), { session: current, isRenewed: renewed !== undefined })
    const of = { timeouts: this.#timeouts, now }
    for (const fact of this.#config.request_headers ?? [])
      exchange.upstream.setHeader(headerOf(fact), sessionFact(current, fact, of))
    exchange.shared.set('authenticated_session', { id: found.id, subject: found.subject })
    const { credentialId: id, consumerId } = found
    exchange.authenticate({ consumer, credential: { id, consumerId }, credentialIdentifier: id })
    tellGroups(exchange, found.groups)
  }

  #openOf(exchange: Exchange): Open {
    return exchange.local<Open>(this, () => ({ session: undefined, isRenewed: false }))
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

/** `idling-timeout` → `Session-Idling-Timeout` */
function headerOf(fact: SessionFact): string {
  return `Session-${fact.replaceAll(/(?:^|-)[a-z]/g, (letters) => letters.toUpperCase())}`
}
