import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionOptions,
  OutgoingHttpHeaders,
  ServerOptions,
} from 'node:http2'
import type { Socket } from 'node:net'
import { nodeHttp2 } from '../../base/late-modules.ts'
import type { Deadline, DeadlineWheel } from '../../base/deadline-wheel.ts'
import { beginTurn, turnMs } from '../../base/turn-clock.ts'

/** Hears how an attempt to reach a session ends; exactly one of the two is called. */
export interface SessionUser {
  /** A stream may be opened on it, now. */
  onSession(session: UpstreamSession): void
  /** @param code as the system names it, such as `ECONNREFUSED` */
  onSessionFailed(code: string): void
}

export interface SessionRules {
  readonly wheel: DeadlineWheel
  readonly idleTimeoutMs: number
  /** Streams over the life of a session. */
  readonly requestsPerConnection: number
  /** An idle session is kept for the next stream. */
  readonly isKept: boolean
}

/** Whoever keeps the sessions. */
export interface SessionHome {
  onSessionOver(session: UpstreamSession): void
}

/** Streams at once before the peer has said how many it takes. See RFC 9113 §6.5.2. */
const STREAMS_AT_FIRST = 100
/**
 * Streams reset before their end after which a session takes no more: upstreams take many resets for an
 * attack and end the connection, which would hit the calls of other clients on it.
 */
const RESETS_LIMIT = 100
/** Received bytes of one stream, and of a whole session, that the peer may be ahead of the clients. */
const STREAM_WINDOW_BYTES = 256 * 1024
const SESSION_WINDOW_BYTES = 4 * 1024 * 1024
/** Megabytes of a session's memory before Node refuses new streams. */
const MEMORY_LIMIT_MB = 256

/**
 * One HTTP/2 connection to an upstream, shared by the streams of many exchanges. It is dialled by
 * the first, takes others while it has room, waits idle for a time, and ends when the peer wants so.
 */
export class UpstreamSession implements Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  callOff: (() => void) | undefined
  readonly #home: SessionHome
  readonly #rules: SessionRules
  #waiting: SessionUser[] = []
  #session: ClientHttp2Session | undefined
  #openStreams = 0
  #servedStreams = 0
  #resetStreams = 0
  /** Takes no more streams. */
  #isLeaving = false
  #isOver = false

  constructor(home: SessionHome, rules: SessionRules) {
    this.#home = home
    this.#rules = rules
  }

  /** Another stream may be opened, or wait to be. */
  get hasRoom(): boolean {
    if (this.#isLeaving || this.#servedStreams >= this.#rules.requestsPerConnection) return false
    return this.#openStreams + this.#waiting.length < this.#streamLimit
  }

  get #streamLimit(): number {
    const told = this.#session?.remoteSettings.maxConcurrentStreams
    return told === undefined ? STREAMS_AT_FIRST : Math.min(told, STREAMS_AT_FIRST)
  }

  /** Calls the user back, at once when the session is open. */
  use(user: SessionUser): void {
    if (this.#session === undefined) this.#waiting.push(user)
    else user.onSession(this)
  }

  /** The connection is there: HTTP/2 begins on it. */
  onConnected(socket: Socket): void {
    beginTurn()
    this.callOff = undefined
    const options: ClientSessionOptions & Pick<ServerOptions, 'strictSingleValueFields'> = {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxSessionMemory: MEMORY_LIMIT_MB,
      // What a client repeats goes on repeated, as over HTTP/1.
      strictSingleValueFields: false,
    }
    const session = nodeHttp2().connect('http://upstream', options)
    this.#session = session
    session.once('connect', () => session.setLocalWindowSize(SESSION_WINDOW_BYTES))
    session.on('goaway', () => this.#leave())
    // Streams hear of it themselves, and the close follows.
    session.on('error', () => this.#leave())
    session.on('close', () => this.#end())
    const waiting = this.#waiting
    this.#waiting = []
    this.#watchIdle()
    for (const user of waiting) user.onSession(this)
  }

  onConnectFailed(code: string): void {
    beginTurn()
    this.callOff = undefined
    this.#fail(code)
  }

  /**
   * Opens a stream.
   * @param options.signal resets the stream; `close` would say first that the request is whole
   * @returns nothing when the session has come to an end unnoticed; nothing was sent then
   * @throws {TypeError} for fields that HTTP/2 has no way to say
   */
  open(
    headers: OutgoingHttpHeaders,
    options: { readonly endStream: boolean; readonly signal: AbortSignal },
  ): ClientHttp2Stream | undefined {
    const session = this.#session
    if (session === undefined || session.closed || session.destroyed) {
      this.#leave()
      return undefined
    }
    const stream = session.request(headers, options)
    this.#openStreams += 1
    this.#servedStreams += 1
    this.deadlineMs = Infinity
    stream.once('close', () => {
      this.#openStreams -= 1
      if (stream.rstCode !== nodeHttp2().constants.NGHTTP2_NO_ERROR) this.#resetStreams += 1
      if (this.#resetStreams >= RESETS_LIMIT) this.#leave()
      this.#watchIdle()
    })
    if (this.#servedStreams >= this.#rules.requestsPerConnection) this.#leave()
    return stream
  }

  #watchIdle(): void {
    if (this.#isOver || this.#openStreams > 0) return
    if (this.#isLeaving || (!this.#rules.isKept && this.#servedStreams > 0)) this.close()
    else this.#rules.wheel.set(this, turnMs() + this.#rules.idleTimeoutMs)
  }

  onDeadline(): void {
    if (this.#session !== undefined) {
      this.close()
      return
    }
    this.callOff?.()
    this.#fail('ETIMEDOUT')
  }

  #fail(code: string): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#end()
    for (const user of waiting) user.onSessionFailed(code)
  }

  /**
   * Opens no further streams; those at hand may end. For a session whose peer has fallen silent: it may
   * be gone, and nothing but its silence tells.
   */
  retire(): void {
    this.#leave()
  }

  #leave(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.#home.onSessionOver(this)
    this.#watchIdle()
  }

  /** Ends when the streams at hand have. */
  close(): void {
    this.#leave()
    if (this.#session === undefined) this.callOff?.()
    else this.#session.close()
  }

  #end(): void {
    this.#isOver = true
    this.deadlineMs = Infinity
    this.#leave()
  }
}
