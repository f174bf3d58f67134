import type { Consumer, Entity, Route, Service } from '../entities/entity.ts'
import type { UriCaptures } from '../entities/uri-captures.ts'

/**
 * One request and its response, from first byte to log line, as plugins see it. It is valid until
 * its log phase has ended; a plugin that works on later copies what it needs.
 *
 * Nothing here is parsed before it is asked for: a plugin that reads one header costs one search.
 */
export interface Exchange {
  /** 32 lower-case hex digits. */
  readonly id: string
  /** Unix time in ms at which the first byte of the request came. */
  readonly startedAtMs: number
  readonly request: ClientRequest
  /** What will be sent to the upstream; changes made here are seen by later plugins. */
  readonly upstream: UpstreamRequest
  /** Usable from the phase `headerFilter` on. */
  readonly response: Response
  readonly route: Route | undefined
  readonly service: Service | undefined
  readonly captures: UriCaptures | undefined
  /** Who the request was found to come from; set by {@link authenticate}. */
  readonly consumer: Consumer | undefined
  /** Absent for an anonymous consumer. */
  readonly credential: Credential | undefined
  /** Values shared by all plugins of this exchange; Kong's `kong.ctx.shared`. */
  readonly shared: Map<string, unknown>
  /** The recorder of decisions, when it is on: see {@link DecisionRecorder}. */
  readonly decisions: DecisionRecorder | undefined
  /** Timings for the log phase; -1 for what did not happen. */
  readonly latencies: Latencies
  /** Failed and successful attempts to reach a target. */
  readonly tries: readonly Try[]

  /**
   * Says who the client is: sets consumer and credential, and the identity headers towards the
   * upstream. Client-sent copies of those headers never get through.
   */
  authenticate(identity: Identity): void
  /** Says what was used, where it is not the credential that authenticated: see `GET /credentials`. */
  noteUse(credentialId: string): void
  /** This plugin instance's own value for this exchange; Kong's `kong.ctx.plugin`. */
  local<Value>(key: object, make: () => Value): Value
  /** Adds or replaces an entry of the log, as `kong.log.set_serialize_value` does. */
  setLogValue(key: string, value: unknown): void
  readonly logValues: ReadonlyMap<string, unknown>
}

export interface Identity {
  readonly consumer: Consumer | undefined
  readonly credential: Credential | undefined
  /** Value of `X-Credential-Identifier`. */
  readonly credentialIdentifier?: string | undefined
  /**
   * The token that proved it. `Exchange.shared` then has it as `authenticated_jwt_token`; it travels
   * here so that a request for which nobody reads `shared` need not make that map.
   */
  readonly token?: string | undefined
}

export interface Credential {
  readonly id: string
  /** Whose it is, where it did not come from an entity that says so. */
  readonly consumerId?: string
  /** The credential entity, if there is one. */
  readonly entity?: Entity
}

/**
 * The client's request. Headers and query are as plugins that ran before left them; what else differs
 * from what was received says so.
 */
export interface ClientRequest {
  readonly method: string
  /** `1.0`, `1.1` or `2`. */
  readonly httpVersion: '1.0' | '1.1' | '2'
  readonly scheme: 'http' | 'https'
  /** Host header without port, lower case. */
  readonly host: string
  /** Port of the listener. */
  readonly port: number
  /** As said by a trusted proxy in front, else the same as without `forwarded`. */
  readonly forwardedScheme: string
  readonly forwardedHost: string
  readonly forwardedPort: number
  /** Normalised; percent-encoded only where decoding would change the meaning. */
  readonly path: string
  /** As received, without query. */
  readonly rawPath: string
  /** As received or as plugins left it, without `?`; `''` when there is none. */
  readonly rawQuery: string
  /** Both as received, with the `?` even when nothing stands behind it. */
  readonly pathWithQuery: string
  /** Address of the client, behind trusted proxies. */
  readonly ip: string
  readonly clientPort: number
  /** Address of the connecting peer. */
  readonly peerIp: string
  readonly connection?: ConnectionFacts
  readonly isGrpc: boolean
  /** The client sent an `Authorization` field, whatever plugins made of it since. */
  readonly wasAuthorized: boolean
  readonly tls: TlsFacts | undefined
  /** Size of the request as received, head and body, so far. */
  readonly sizeBytes: number

  /** The first value. @param name lower-case; `_` in it also finds a header written with `-` */
  header(name: string): string | undefined
  /** All values in order. @param name lower-case */
  headerValues(name: string): readonly string[]
  /** All headers as plugins left them, in order. */
  headers(): readonly (readonly [name: string, value: string])[]
  /** Decoded; `true` for a bare name. */
  queryValue(name: string): string | true | undefined
  queryValues(name: string): readonly (string | true)[]
  /** Decoded pairs in order. */
  query(): readonly (readonly [name: string, value: string | true])[]
  /**
   * First match, name compared without case. As received: whoever keeps a cookie from the upstream has
   * to know it still, to end it at the client.
   */
  cookie(name: string): string | undefined
  /** The length the client announced; `undefined` for a chunked or absent body. */
  readonly contentLength: number | undefined
  readonly hasBody: boolean
  /**
   * Reads the whole body into memory; it is still sent to the upstream.
   * @returns `'too-large'` when it is longer than the limit; it then streams on as usual
   */
  readBody(limitBytes: number): Promise<Uint8Array | 'too-large'>
}

/** The request to the upstream. Reading gives the client's value until something was set. */
export interface UpstreamRequest {
  method: string
  /** Path and query are set separately; a path is escaped where needed. */
  path: string
  rawQuery: string
  /** The path as `strip_path` of the route wants it; paths to gRPC services go unstripped by themselves. */
  readonly strippedPath?: string
  scheme: 'http' | 'https' | 'grpc' | 'grpcs'
  /** Sets the Host header. */
  host: string
  header(name: string): string | undefined
  headerValues(name: string): readonly string[]
  headers(): readonly (readonly [name: string, value: string])[]
  /** Replaces all values; the name is written as given. */
  setHeader(name: string, value: string | readonly string[]): void
  addHeader(name: string, value: string): void
  removeHeader(name: string): void
  setBody(body: string | Uint8Array): void
  /** What {@link setBody} was last given; `undefined` while the client’s own body goes on. */
  readonly newBody: Uint8Array | undefined
  /** Sends this exchange to another place than the service's host. */
  setTarget(host: string, port: number): void
  setUpstream(name: string): void
}

export interface Response {
  status: number
  /** `service`: from the upstream; `exit`: an answer of plugin or gateway; `error`: a failure. */
  readonly source: 'service' | 'exit' | 'error'
  header(name: string): string | undefined
  headerValues(name: string): readonly string[]
  headers(): readonly (readonly [name: string, value: string])[]
  setHeader(name: string, value: string | readonly string[]): void
  addHeader(name: string, value: string): void
  removeHeader(name: string): void
  /**
   * To be called in `headerFilter` by a plugin whose `bodyFilter` may change the length.
   * @param newLength bytes that the body then has, where that is known
   */
  dropLength(newLength?: number): void
  /** In the phase `response`: sends another body; status and headers stay what they are. */
  replaceBody(body: string | Uint8Array): void
  /** From the log phase on: the headers as they were sent, with those that the gateway added itself. */
  sentHeaders?(): readonly (readonly [name: string, value: string])[]
  /** A field the upstream sent after the body; known from the last call of `bodyFilter` on. @param name lower-case */
  trailer?(name: string): string | undefined
  /** Body bytes sent to the client so far. */
  readonly bodyBytes: number
  /** All bytes sent to the client so far. */
  readonly sizeBytes: number
  /** The upstream's own status; `undefined` when it was not asked. */
  readonly upstreamStatus: number | undefined
}

/** About the connection a request came on. */
export interface ConnectionFacts {
  readonly localIp: string
  /** Counts the connections of the process. */
  readonly serial: number
  /** Requests on the connection so far, this one among them. */
  readonly requests: number
}

export interface TlsFacts {
  readonly version: string
  readonly cipher: string
  readonly sni: string | undefined
  readonly clientVerify: string
  /** The certificate that the client has proven to have the key of, as DER; whoever signed it. */
  clientCertificate?(): Uint8Array | undefined
}

export interface Latencies {
  /** First request byte to last response byte. */
  readonly requestMs: number
  /** Time within the gateway. */
  readonly gatewayMs: number
  /** Request sent to first response byte. */
  readonly upstreamMs: number
  /** Time to read the request. */
  readonly receiveMs: number
}

export interface Try {
  readonly ip: string
  readonly port: number
  readonly state: 'next' | 'failed' | undefined
  readonly code: number | undefined
  readonly startedAtMs: number
  readonly balancerMs: number
}

/**
 * Collects why a request was let through or refused. What is noted never reaches the client. Refusals
 * are always noted: `exchange.decisions?.note(...)`; a plugin that lets a request pass does no more for
 * it than it would without a recorder, unless {@link wantsPasses}.
 */
export interface DecisionRecorder {
  /** Somebody looks at this exchange whatever becomes of it. */
  readonly wantsPasses: boolean
  note(decision: Decision): void
}

export interface Decision {
  readonly plugin: string
  readonly verdict: 'passed' | 'refused' | 'skipped'
  /** A stable short code, e.g. `token-expired`. */
  readonly code: string
  /** Sentence for humans; secrets masked by whoever writes it. */
  readonly detail?: string
  /** Facts such as decoded token header and claims; secrets masked by whoever writes them. */
  readonly facts?: Readonly<Record<string, unknown>>
}
