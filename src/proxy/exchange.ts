import type { BalancingRequest, Peer } from '../balancer/peer.ts'
import type { Consumer, Route, Service } from '../entities/entity.ts'
import type { UriCaptures } from '../entities/uri-captures.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { ResponseHead } from '../http/response-head.ts'
import type {
  Credential,
  Decision,
  DecisionRecorder,
  Exchange,
  Identity,
  Latencies,
  Try,
} from '../plugin-kit/exchange.ts'
import type { RouteMatch } from '../router/route-match.ts'
import type { Collected } from '../snapshot/chain.ts'
import type { Plan, Snapshot } from '../snapshot/snapshot.ts'
import type { ProxyContext } from './context.ts'
import type { Downstream, Stage } from './downstream.ts'
import type { FailureCode } from './gateway-error.ts'
import type { Refusal } from './handle-exchange.ts'
import { ExchangeBalancing } from './exchange-balancing.ts'
import { ExchangeRequest } from './exchange-request.ts'
import { ExchangeResponse } from './exchange-response.ts'
import { ExchangeRouting } from './exchange-routing.ts'
import { applyIdentity, ExchangeUpstream } from './exchange-upstream.ts'
import { identityLines } from './identity-lines.ts'
import { newRequestId } from './request-id.ts'
import type { RequestBody } from './request-body.ts'

const TOKEN_KEY = 'authenticated_jwt_token'
const NONE_TRIED: readonly Peer[] = []
const NONE_FAILED: readonly Try[] = []
const NOTHING_NOTED: readonly Decision[] = []

/**
 * The data plane's exchange: all state of one request and its response. Views for plugins are made
 * when a plugin first asks for one.
 */
export class ProxyExchange implements Exchange, DecisionRecorder {
  readonly id = newRequestId()
  readonly startedAtMs: number
  readonly context: ProxyContext
  readonly downstream: Downstream
  readonly snapshot: Snapshot
  /** Empty once the exchange is over: the codec's memory serves the next request then. */
  head: RequestHead
  readonly body: RequestBody
  readonly response = new ExchangeResponse()
  /** Why the gateway answered itself, if it was a failure. */
  failure: FailureCode | undefined
  /** What the gateway answered itself, as far as it did. */
  refusal: Refusal | undefined
  /** The plugin that answered, if one did. */
  refusedBy: string | undefined
  /** The request line for the log, where it could not be read. */
  rawRequestLine: string | undefined
  /** Head of the upstream's answer; its fields are those of the response. */
  upstreamHead: ResponseHead | undefined
  /** The protocol the upstream agreed to change to. */
  upgrade: string | undefined
  /** Why the rest of the request body cannot be had. */
  bodyFault: FailureCode | undefined
  /** What it waits in; `undefined` while it runs or a plugin has it. */
  stage: Stage | undefined

  match: RouteMatch | undefined
  plan: Plan | undefined
  collected: Collected
  consumer: Consumer | undefined
  credential: Credential | undefined
  /** What was used in its place, for the last uses of credentials. */
  usedCredentialId: string | undefined
  /** Header lines that say who the client is; `undefined` until a plugin has said so. */
  identityLines: string | undefined
  /** Itself, where decisions are recorded. */
  readonly decisions: DecisionRecorder | undefined
  readonly wantsPasses: boolean
  /** What plugins noted, in order. */
  noted: readonly Decision[] = NOTHING_NOTED

  /** When the peer that is asked was picked; -1 before. */
  sentAtMs = -1
  /** When the first byte of the upstream's answer came; -1 before. */
  answeredAtMs = -1
  finishedAtMs = -1
  /** Peers that failed. */
  tried: readonly Peer[] = NONE_TRIED
  failedTries: readonly Try[] = NONE_FAILED
  /** The peer that is asked, or has answered. */
  peer: Peer | undefined
  /** The client went away, or was sent all it will get. */
  isOver = false
  /** Header lines that the balancer adds to the response, such as a cookie it hashes on. */
  balancerLines = ''

  #routing: ExchangeRouting | undefined
  #request: ExchangeRequest | undefined
  #upstream: ExchangeUpstream | undefined
  #balancing: BalancingRequest | undefined
  #shared: Map<string, unknown> | undefined
  #token: string | undefined
  #locals: Map<object, unknown> | undefined
  #logValues: Map<string, unknown> | undefined

  constructor(start: ExchangeStart) {
    this.startedAtMs = start.startedAtMs
    this.context = start.context
    this.downstream = start.downstream
    this.snapshot = start.snapshot
    this.head = start.head
    this.body = start.body
    this.collected = start.snapshot.globalChain.collected
    const { wantsPasses } = start.context
    this.decisions = wantsPasses === undefined ? undefined : this
    this.wantsPasses = wantsPasses === undefined ? false : wantsPasses()
  }

  /** The request line as it came, for the log. */
  get requestLine(): string {
    if (this.rawRequestLine !== undefined) return this.rawRequestLine
    const { text } = this.head.fields
    return text.slice(0, Math.max(text.indexOf('\r\n'), 0))
  }

  get routing(): ExchangeRouting {
    return (this.#routing ??= new ExchangeRouting(this))
  }

  get route(): Route | undefined {
    return this.match?.route
  }

  get service(): Service | undefined {
    return this.match?.service
  }

  get captures(): UriCaptures | undefined {
    return this.match?.captures
  }

  get request(): ExchangeRequest {
    return (this.#request ??= new ExchangeRequest(this))
  }

  get upstream(): ExchangeUpstream {
    return (this.#upstream ??= new ExchangeUpstream(this))
  }

  /** The changes plugins made to the upstream request, if there are any. */
  get upstreamIfChanged(): ExchangeUpstream | undefined {
    return this.#upstream
  }

  /** A token that proved who the client is gets its place here when somebody looks. */
  get shared(): Map<string, unknown> {
    if (this.#shared === undefined) {
      this.#shared = new Map()
      if (this.#token !== undefined) this.#shared.set(TOKEN_KEY, this.#token)
    }
    return this.#shared
  }

  get tries(): readonly Try[] {
    const { peer } = this
    if (peer === undefined) return this.failedTries
    return [
      ...this.failedTries,
      {
        ip: peer.ip,
        port: peer.port,
        state: undefined,
        code: undefined,
        startedAtMs: this.sentAtMs,
        balancerMs: 0,
      },
    ]
  }

  get logValues(): Map<string, unknown> {
    return (this.#logValues ??= new Map())
  }

  get latencies(): Latencies {
    const end = this.finishedAtMs === -1 ? Date.now() : this.finishedAtMs
    const isProxied = this.sentAtMs !== -1
    const upstreamMs =
      this.answeredAtMs === -1 || !isProxied ? -1 : this.answeredAtMs - this.sentAtMs
    return {
      requestMs: end - this.startedAtMs,
      gatewayMs: (isProxied ? this.sentAtMs : end) - this.startedAtMs,
      upstreamMs,
      receiveMs: this.answeredAtMs === -1 ? 0 : end - this.answeredAtMs,
    }
  }

  note(decision: Decision): void {
    this.noted = [...this.noted, decision]
  }

  authenticate(identity: Identity): void {
    this.consumer = identity.consumer
    this.credential = identity.credential
    if (identity.token !== undefined) {
      if (this.#shared === undefined) this.#token = identity.token
      else this.#shared.set(TOKEN_KEY, identity.token)
    }
    const edits = this.#upstream?.edits
    if (edits === undefined) this.identityLines = identityLines(identity)
    else applyIdentity(edits, identityLines(identity))
  }

  noteUse(credentialId: string): void {
    this.usedCredentialId = credentialId
  }

  local<Value>(key: object, make: () => Value): Value {
    this.#locals ??= new Map()
    if (!this.#locals.has(key)) this.#locals.set(key, make())
    return this.#locals.get(key) as Value
  }

  setLogValue(key: string, value: unknown): void {
    this.logValues.set(key, value)
  }

  /** What a balancer may ask: one object for all tries, by which it knows them again. */
  get balancing(): BalancingRequest {
    return (this.#balancing ??= new ExchangeBalancing(this))
  }
}

export interface ExchangeStart {
  readonly startedAtMs: number
  readonly context: ProxyContext
  readonly downstream: Downstream
  readonly snapshot: Snapshot
  readonly head: RequestHead
  readonly body: RequestBody
}
