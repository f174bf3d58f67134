import type { Consumer, Route, Service } from '../../entities/entity.ts'
import type { UriCaptures } from '../../entities/uri-captures.ts'
import { cookieValue } from '../../http/cookies.ts'
import { parseQuery } from '../../http/query.ts'
import type {
  ClientRequest,
  Credential,
  Decision,
  DecisionRecorder,
  Exchange,
  Identity,
  Latencies,
  Try,
  UpstreamRequest,
} from '../exchange.ts'
import { fakeHeaders, headerAccess, type FakeHeaders, type HeaderList } from './fake-headers.ts'
import { fakeResponse, type FakeResponse } from './fake-response.ts'

/** What a test says about a request; all else is that of a plain `GET /` over HTTP/1.1. */
export interface FakeRequest {
  readonly method?: string
  /** With query, as sent. */
  readonly path?: string
  readonly headers?: HeaderList
  readonly body?: string | Uint8Array
  readonly httpVersion?: ClientRequest['httpVersion']
  readonly scheme?: ClientRequest['scheme']
  readonly ip?: string
  readonly route?: Route
  readonly service?: Service
  readonly captures?: UriCaptures
  /** What the upstream answers, if it is asked. Default: 200 without a body. */
  readonly reply?: FakeReply
}

export interface FakeReply {
  readonly status?: number
  readonly headers?: HeaderList
  /** A list comes in as many chunks. */
  readonly body?: string | readonly string[]
}

/** An exchange that exists in memory only: no socket, no router, the upstream is never called. */
export interface FakeExchange extends Exchange {
  readonly upstream: UpstreamRequest & { readonly body: string | Uint8Array | undefined }
  readonly response: FakeResponse
  /** What the recorder of decisions was told, if it was on. */
  readonly noted: readonly Decision[]
  /** What was said to be used in place of the credential. */
  readonly usedCredentialId: string | undefined
}

const IDENTITY_HEADERS = [
  'x-consumer-id',
  'x-consumer-custom-id',
  'x-consumer-username',
  'x-credential-identifier',
  'x-anonymous-consumer',
]

/** @param startedAtMs Unix time in ms */
export function fakeExchange(
  given: FakeRequest,
  options: { readonly startedAtMs: number; readonly recordsDecisions: boolean | 'refusals' },
): FakeExchange {
  const received = fakeHeaders(withHost(given.headers ?? {}))
  const sent = fakeHeaders(received.list())
  const noted: Decision[] = []
  const recorder: DecisionRecorder = {
    wantsPasses: options.recordsDecisions === true,
    note: (decision) => void noted.push(decision),
  }
  const locals = new Map<object, unknown>()
  const logValues = new Map<string, unknown>()
  const shared = new Map<string, unknown>()
  const who: Who = { consumer: undefined, credential: undefined, usedCredentialId: undefined }

  return {
    id: '0123456789abcdef0123456789abcdef',
    startedAtMs: options.startedAtMs,
    request: clientRequest(given, received),
    upstream: upstreamRequest(given, sent),
    response: fakeResponse(),
    route: given.route,
    service: given.service,
    captures: given.captures,
    shared,
    logValues,
    noted,
    decisions: options.recordsDecisions === false ? undefined : recorder,
    latencies: NO_LATENCIES,
    tries: NO_TRIES,
    get consumer() {
      return who.consumer
    },
    get credential() {
      return who.credential
    },
    authenticate(identity) {
      who.consumer = identity.consumer
      who.credential = identity.credential
      if (identity.token !== undefined) shared.set('authenticated_jwt_token', identity.token)
      tellUpstream(identity, sent)
    },
    noteUse: (credentialId) => void (who.usedCredentialId = credentialId),
    get usedCredentialId() {
      return who.usedCredentialId
    },
    local<Value>(key: object, make: () => Value): Value {
      if (!locals.has(key)) locals.set(key, make())
      return locals.get(key) as Value
    },
    setLogValue: (key, value) => void logValues.set(key, value),
  }
}

interface Who {
  consumer: Consumer | undefined
  credential: Credential | undefined
  usedCredentialId: string | undefined
}

const NO_LATENCIES: Latencies = { requestMs: -1, gatewayMs: -1, upstreamMs: -1, receiveMs: -1 }
const NO_TRIES: readonly Try[] = []

function withHost(headers: HeaderList): HeaderList {
  const list = Array.isArray(headers) ? headers : Object.entries(headers)
  const hasHost = list.some(([name]) => name.toLowerCase() === 'host')
  return hasHost ? headers : [['Host', 'gateway.test'], ...list]
}

function tellUpstream(identity: Identity, sent: FakeHeaders): void {
  const { consumer, credential, credentialIdentifier } = identity
  for (const name of IDENTITY_HEADERS) sent.remove(name)
  const set = (name: string, value: string | null | undefined): void => {
    if (value !== null && value !== undefined) sent.set(name, value)
  }
  set('X-Consumer-ID', consumer?.id)
  set('X-Consumer-Custom-ID', consumer?.custom_id)
  set('X-Consumer-Username', consumer?.username)
  set('X-Credential-Identifier', credentialIdentifier)
  if (consumer !== undefined && credential === undefined) set('X-Anonymous-Consumer', 'true')
}

function clientRequest(given: FakeRequest, headers: FakeHeaders): ClientRequest {
  const { method = 'GET', httpVersion = '1.1', scheme = 'http', ip = '127.0.0.1' } = given
  const [rawPath, rawQuery] = splitPath(given.path ?? '/')
  const host = (headers.first('host') ?? '').replace(/:\d+$/, '').toLowerCase()
  const port = scheme === 'https' ? 8443 : 8000
  return {
    method,
    httpVersion,
    scheme,
    host,
    port,
    forwardedScheme: scheme,
    forwardedHost: host,
    forwardedPort: port,
    path: rawPath,
    rawPath,
    rawQuery,
    pathWithQuery: given.path ?? '/',
    ip,
    clientPort: 40_000,
    peerIp: ip,
    connection: { localIp: '127.0.0.1', serial: 7, requests: 1 },
    isGrpc: headers.first('content-type')?.startsWith('application/grpc') ?? false,
    wasAuthorized: headers.first('authorization') !== undefined,
    tls: undefined,
    header: (name) => headers.first(name) ?? headers.first(name.replaceAll('_', '-')),
    headerValues: (name) => headers.all(name),
    headers: () => headers.list(),
    cookie: (name) => {
      const field = headers.first('cookie')
      return field === undefined ? undefined : cookieValue(field, name)
    },
    ...queryAccess(rawQuery),
    ...bodyAccess(given, headers),
  }
}

function queryAccess(
  rawQuery: string,
): Pick<ClientRequest, 'query' | 'queryValue' | 'queryValues'> {
  const pairs = parseQuery(rawQuery)
  return {
    query: () => pairs,
    queryValue: (name) => pairs.find(([other]) => other === name)?.[1],
    queryValues: (name) => pairs.flatMap(([other, value]) => (other === name ? [value] : [])),
  }
}

function bodyAccess(
  given: FakeRequest,
  headers: FakeHeaders,
): Pick<ClientRequest, 'sizeBytes' | 'contentLength' | 'hasBody' | 'readBody'> {
  const body = typeof given.body === 'string' ? Buffer.from(given.body) : given.body
  const length = body?.length ?? 0
  const isChunked = headers.first('transfer-encoding') !== undefined
  const announced = headers.first('content-length')
  return {
    sizeBytes: length,
    contentLength: isChunked
      ? undefined
      : announced === undefined
        ? body?.length
        : Number(announced),
    hasBody: length > 0,
    readBody: async (limitBytes) => {
      if (body === undefined) return new Uint8Array()
      return length > limitBytes ? 'too-large' : body
    },
  }
}

function upstreamRequest(given: FakeRequest, headers: FakeHeaders): FakeExchange['upstream'] {
  const [path, rawQuery] = splitPath(given.path ?? '/')
  let { body } = given
  const upstream = {
    method: given.method ?? 'GET',
    path,
    rawQuery,
    scheme: 'http' as UpstreamRequest['scheme'],
    host: 'upstream.test',
    ...headerAccess(headers),
    get body() {
      return body
    },
    newBody: undefined as Uint8Array | undefined,
    setBody: (next: string | Uint8Array) => {
      body = next
      upstream.newBody = Buffer.from(next as Uint8Array)
    },
    setTarget: (host: string, port: number) => {
      upstream.host = `${host}:${port}`
    },
    setUpstream: (name: string) => {
      upstream.host = name
    },
  }
  return upstream
}

function splitPath(path: string): readonly [rawPath: string, rawQuery: string] {
  const mark = path.indexOf('?')
  return mark === -1 ? [path, ''] : [path.slice(0, mark), path.slice(mark + 1)]
}
