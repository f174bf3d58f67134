import { createHash } from 'node:crypto'
import type { JsonObject } from '../../base/json.ts'
import { httpCaller, type HttpCaller } from '../http-caller.ts'
import { discoverPlace } from '../jwks/discover.ts'
import { checkUrl, judgingLookup, type FetchPolicy } from '../jwks/fetch-document.ts'
import type { NodeServices } from '../plugin.ts'
import { remembered, type Finding } from '../remembered.ts'
import { clientAuth, type ClientCredentials } from './client-auth.ts'
import { introspectToken, judgeIntrospection, type OAuthCall } from './introspection.ts'
import { loadOAuth } from './libraries.ts'
import { serverFetch, type ServerFetch } from './server-fetch.ts'

/** Whom to ask about tokens, and how long an answer counts. */
export interface IntrospectionOptions extends FetchPolicy {
  readonly issuer: string
  /** Absent: the metadata of the issuer say where. */
  readonly endpoint: string | undefined
  /** What the gateway is for the issuer. */
  readonly client: ClientCredentials
  /** What the issuer is told about the kind of token. */
  readonly hint: string
  /** Seconds that clocks may differ. */
  readonly leewaySeconds: number
  readonly ttlSeconds: number
  /** How long it is remembered that a token is not active. */
  readonly negativeTtlSeconds: number
}

export type IntrospectionAnswer =
  | {
      readonly kind: 'active'
      readonly claims: JsonObject
      /** Unix seconds up to which the answer counts. */
      readonly usableUntil: number
    }
  | { readonly kind: 'inactive' }
  /** Nobody knows; the error log says why. */
  | { readonly kind: 'unavailable' }

export interface Introspector {
  /** It never rejects. */
  ask(token: string): Promise<IntrospectionAnswer>
  /** The instance that used it does no longer. */
  release(): void
}

const INACTIVE: IntrospectionAnswer = { kind: 'inactive' }
const UNAVAILABLE: IntrospectionAnswer = { kind: 'unavailable' }

/** Whoever makes tokens up makes no more questions at a time than this, of each worker. */
const MAX_QUESTIONS = 200
/** Answers are remembered by the thousand, and have some hundred bytes. */
const REPLY_LIMIT_BYTES = 64 * 1024
const KEEP_ALIVE_MS = 60_000
/** A place that was discovered holds for so long, unless it stops to answer. */
const DISCOVERED_FOR_MS = 3_600_000

interface Used {
  readonly introspection: Introspection
  users: number
}

/**
 * Asks an issuer about tokens, and remembers what it said as long as a plugin instance uses it. All
 * instances of a worker that ask the same issuer as the same client share one, so that what is known
 * outlives a change of the configuration.
 *
 * @returns to be released with the instance
 * @see RFC 7662
 */
export function introspector(node: NodeServices, options: IntrospectionOptions): Introspector {
  const all = node.keep('introspections', () => new Map<string, Used>())
  // The options hold the client's secret.
  const name = createHash('sha256').update(JSON.stringify(options)).digest('base64url')
  let used = all.get(name)
  if (used === undefined)
    all.set(name, (used = { introspection: new Introspection(options, node), users: 0 }))
  used.users += 1
  const { introspection } = used
  let isReleased = false

  return {
    ask: (token) => introspection.ask(token),
    release() {
      if (isReleased) return
      isReleased = true
      used.users -= 1
      if (used.users > 0) return
      introspection.close()
      all.delete(name)
    },
  }
}

class Introspection {
  readonly #options: IntrospectionOptions
  readonly #node: NodeServices
  readonly #caller: HttpCaller
  readonly #fetch: ServerFetch
  readonly #answers
  #discovered: { readonly url: string; readonly atMs: number } | undefined
  #questions = 0
  #isDown = false

  constructor(options: IntrospectionOptions, node: NodeServices) {
    const { timeoutMs } = options
    this.#options = options
    this.#node = node
    this.#caller = httpCaller({
      timeoutMs,
      keepAliveMs: KEEP_ALIVE_MS,
      verifiesTls: true,
      lookup: judgingLookup(options),
    })
    this.#fetch = serverFetch(this.#caller, { replyBytes: REPLY_LIMIT_BYTES, wholeMs: timeoutMs })
    this.#answers = remembered<IntrospectionAnswer>(() => node.now())
  }

  close(): void {
    this.#caller.dispose()
  }

  async ask(token: string): Promise<IntrospectionAnswer> {
    return this.#answers.get(token, () => this.#find(token))
  }

  /** What could not be found out is not remembered. */
  async #find(token: string): Promise<Finding<IntrospectionAnswer>> {
    if (this.#questions >= MAX_QUESTIONS) {
      this.#noteDown(`${MAX_QUESTIONS} questions are waiting for it`)
      return { value: UNAVAILABLE, untilMs: 0 }
    }
    this.#questions += 1
    try {
      const finding = await this.#askIssuer(token)
      this.#noteUp()
      return finding
    } catch (error) {
      this.#discovered = undefined
      this.#noteDown((error as Error).message)
      return { value: UNAVAILABLE, untilMs: 0 }
    } finally {
      this.#questions -= 1
    }
  }

  async #askIssuer(token: string): Promise<Finding<IntrospectionAnswer>> {
    const { hint, leewaySeconds, ttlSeconds, negativeTtlSeconds } = this.#options
    const claims = await introspectToken(await this.#call(), token, {
      token_type_hint: hint,
    })
    const { value, untilMs } = judgeIntrospection(claims, {
      nowMs: this.#node.now(),
      leewaySeconds,
      activeMs: ttlSeconds * 1000,
      inactiveMs: negativeTtlSeconds * 1000,
    })
    if (value === undefined) return { value: INACTIVE, untilMs }
    const usableUntil = Math.floor(untilMs / 1000)
    return { value: { kind: 'active', claims: value, usableUntil }, untilMs }
  }

  async #call(): Promise<OAuthCall> {
    const { issuer, client, allowsHttp } = this.#options
    const oauth = await loadOAuth()
    const endpoint = await this.#endpoint()
    checkUrl(new URL(endpoint), this.#options)
    return {
      oauth,
      metadata: { issuer, introspection_endpoint: endpoint },
      client: { client_id: client.id },
      auth: await clientAuth(client),
      options: {
        [oauth.customFetch]: this.#fetch,
        [oauth.allowInsecureRequests]: allowsHttp,
      },
    }
  }

  async #endpoint(): Promise<string> {
    const { issuer, endpoint } = this.#options
    if (endpoint !== undefined) return endpoint
    const now = this.#node.now()
    const known = this.#discovered
    if (known !== undefined && now - known.atMs < DISCOVERED_FOR_MS) return known.url
    const { href: url } = await discoverPlace(issuer, 'introspection_endpoint', this.#options)
    this.#discovered = { url, atMs: now }
    return url
  }

  /** Once is enough for those who read logs; that it is over is said as well. */
  #noteDown(why: string): void {
    const message = `Cannot ask ${this.#options.issuer} about tokens: ${why}`
    if (this.#isDown) this.#node.log.info(message)
    else this.#node.log.error(message)
    this.#isDown = true
  }

  #noteUp(): void {
    if (this.#isDown)
      this.#node.log.notice(`${this.#options.issuer} can be asked about tokens again`)
    this.#isDown = false
  }
}
