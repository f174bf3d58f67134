import { createHmac } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRaw, type RawClient } from '../../support/raw-client.ts'
import { reply, startRawUpstream } from '../../support/raw-upstream.ts'
import { startGateway } from '../../support/start-gateway.ts'
import { until } from '../../support/until.ts'

/*
 * What came before on a connection must be nothing to a request: random requests are played on one
 * connection, and each on a connection of its own. Answers and what the upstreams were asked have to
 * be the same.
 */

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function jwt(user: string, claims: object = {}): string {
  const signed = `${part({ alg: 'HS256' })}.${part({ iss: user, ...claims })}`
  return `${signed}.${createHmac('sha256', `secret of ${user}`).update(signed).digest('base64url')}`
}

const ANN = jwt('ann')
const BOB = jwt('bob', { n: 'of another length' })
const FORGED = `${ANN.slice(0, ANN.lastIndexOf('.'))}${BOB.slice(BOB.lastIndexOf('.'))}`
const FAR_FUTURE = 4_102_444_800

const TOKENS = [
  ANN,
  BOB,
  jwt('ann', { n: 1 }),
  jwt('bob', { exp: FAR_FUTURE }),
  jwt('ann', { exp: 1 }),
  FORGED,
  't1',
  't2',
  'two',
] as const

/** Some tokens lead elsewhere. */
const FAVOURED = [`Bearer ${ANN}`, 'Bearer t2', 'Bearer two']
const IS_FAVOURED = `(${FAVOURED.map((value) => `http.headers.authorization == "${value}"`).join(' || ')})`

/** Tokens that are none, or more than one. */
const ODD_TOKENS = [
  '',
  ' ',
  ` ${ANN}`,
  `${ANN} `,
  `${ANN}\t`,
  `${ANN}, Bearer ${BOB}`,
  `${ANN} ${BOB}`,
  `${ANN}\r\nAuthorization: Bearer ${BOB}`,
  `${ANN}\r\nX-Consumer-Username: bob`,
  `${ANN}\nX-Role: admin`,
  `${ANN}\rX-Role: admin`,
  `${ANN}\r\n X-Role: folded`,
  `${ANN}\r\nContent-Length: 5`,
  `${ANN}\r\nTransfer-Encoding: chunked`,
  `${ANN}\r\n\r\n`,
  `${ANN}\0`,
  '\0',
  't\u0001\u007f',
  'b\u00e9\u00ff',
  'x'.repeat(8200),
] as const

type Flavor = 'traditional_compatible' | 'expressions'

/** Where requests can go; the second configuration is another one in each place. */
function configOf(flavor: Flavor, which: 0 | 1, ports: readonly [number, number]): object {
  const route = (name: string, plugins: readonly object[], more: object = {}) => ({
    name,
    plugins,
    ...(flavor === 'expressions'
      ? { expression: `http.path ^= "/${name}"`, priority: 1 }
      : { paths: [`/${name}`] }),
    ...more,
  })
  const jwtPlugin = (config: object = {}) => ({
    name: 'jwt',
    config: { claims_to_verify: ['exp'], ...config },
  })
  const transformer = {
    name: 'request-transformer',
    config: { add: { headers: [`X-Added:${which}`] }, remove: { headers: ['X-Gone'] } },
  }
  const byToken =
    flavor === 'expressions'
      ? {
          expression: `(${IS_FAVOURED} && http.path ^= "/token/a") || http.path ^= "/token"`,
          priority: 2,
        }
      : { paths: ['/token'], headers: { authorization: FAVOURED } }
  const routes = [
    route('plain', [], { name: `plain-${which}`, strip_path: which === 0 }),
    route('jwt', [jwtPlugin()], { name: `jwt-${which}`, preserve_host: which === 1 }),
    route('hide', which === 0 ? [jwtPlugin({ hide_credentials: true })] : [jwtPlugin()]),
    route('anonymous', [jwtPlugin({ anonymous: 'guest' })]),
    route('acl', [jwtPlugin(), { name: 'acl', config: { allow: [which === 0 ? 'a' : 'b'] } }]),
    route('edit', [transformer]),
    route('both', [jwtPlugin(), transformer]),
    route('correlated', [
      { name: 'correlation-id', config: { generator: 'uuid', echo_downstream: true } },
    ]),
    route('key', [
      jwtPlugin({ anonymous: 'guest' }),
      { name: 'key-auth', config: { anonymous: 'guest', hide_credentials: true } },
    ]),
    route('token', [], { ...byToken, strip_path: true }),
    route('token', [], { name: 'token-else' }),
  ]
  return {
    _format_version: '3.0',
    services: [
      { name: 's', host: 'balanced', path: `/base${which}`, routes },
      {
        name: 'none',
        host: '127.0.0.1',
        routes: [
          {
            ...route('over', [{ name: 'request-termination', config: { status_code: 207 } }]),
            name: 'over',
          },
          route('version', [
            {
              name: 'request-termination',
              config: { status_code: 200, body: `${which}`, content_type: 'text/plain' },
            },
          ]),
        ],
      },
    ],
    upstreams: [
      {
        name: 'balanced',
        algorithm: 'consistent-hashing',
        hash_on: 'header',
        hash_on_header: 'Authorization',
        targets: ports.map((port) => ({ target: `127.0.0.1:${port}` })),
      },
    ],
    consumers: [
      {
        username: 'ann',
        acls: [{ group: 'a' }],
        jwt_secrets: [{ key: 'ann', secret: 'secret of ann', algorithm: 'HS256' }],
      },
      {
        username: 'bob',
        acls: [{ group: 'b' }],
        keyauth_credentials: [{ key: 'key of bob' }],
        // Taken from him in the second configuration.
        jwt_secrets:
          which === 0 ? [{ key: 'bob', secret: 'secret of bob', algorithm: 'HS256' }] : [],
      },
      { username: 'guest' },
    ],
  }
}

/** A request but for its token. */
interface Shape {
  readonly line: string
  readonly before: readonly string[]
  readonly behind: readonly string[]
  readonly scheme: string
  readonly framed: string
}

const shape: fc.Arbitrary<Shape> = fc.record({
  line: fc
    .tuple(
      fc.constantFrom('GET', 'GET', 'GET', 'GET', 'POST', 'OPTIONS', 'TRACE'),
      fc.constantFrom(
        'plain',
        'jwt',
        'hide',
        'anonymous',
        'acl',
        'edit',
        'both',
        'correlated',
        'key',
        'token',
        'token/a/b',
        'token/a/b',
        'jwt/a//b/../c%20d',
        'nowhere',
      ),
      fc.constantFrom('', '', '?q=1', `?jwt=${BOB}`, '?apikey=key%20of%20bob'),
      fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    )
    .map(([method, path, query, version]) => `${method} /${path}${query} HTTP/${version}`),
  before: fc.subarray(
    ['Accept: */*', `Cookie: t=${ANN}`, 'X-Gone: 1', 'X-Consumer-Username: root', 'apikey: none'],
    { maxLength: 2 },
  ),
  behind: fc.subarray(
    [
      'X-Last: 1',
      `X-Copy: Authorization: Bearer ${ANN}`,
      'X-Forwarded-For: 192.0.2.1, 192.0.2.2',
      'Connection: keep-alive',
      'Connection: keep-alive, authorization',
      'Connection: close',
      'X-Kong-Request-Id: mine',
    ],
    { maxLength: 3 },
  ),
  scheme: fc.constantFrom(...Array<string>(8).fill('Bearer'), 'bearer', 'Basic'),
  framed: fc.constantFrom(
    ...Array<string>(9).fill(''),
    'Content-Length: 0\r\n\r\n',
    'Content-Length: 16\r\n\r\nGET / HTTP/1.1\r\n',
    'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Trailer: t\r\n\r\n',
    'Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
    'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n',
  ),
})

/** What is done to a head in front of the fields that frame its body. */
type Change = (head: string) => string

const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .tuple(
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.nat(1),
      fc.constantFrom('', 'a', 'Z', ' ', ',', ':', '\t', '\0', '\r', '\n', '\r\n', '\u00e9'),
    )
    .map(([place, length, put]): Change => {
      return (head) => {
        const at = Math.floor(place * head.length)
        return head.slice(0, at) + put + head.slice(at + length)
      }
    }),
  fc.constantFrom<Change>(
    (head) => `${head}Authorization: Bearer ${BOB}\r\n`,
    (head) => head.replace('Authorization:', 'X-Authorization:'),
    (head) => head.replace('Authorization:', 'authorization:'),
    (head) => head.replace('Authorization: ', 'Authorization:'),
    (head) => head.replace('Bearer', 'BEARER'),
    (head) => head.replace('HTTP/1.1', 'HTTP/1.0'),
    (head) => head.replace('Host: shop.test', 'Host: shap.test'),
    (head) => head.replace(/(Authorization:.*\r\n)(.*\r\n)/, '$2$1'),
    (head) => head.replace(/(\r\n.*)(\r\nAuthorization:.*)/, '$2$1'),
    (head) => `\r\n${head}`,
  ),
)

interface Turn {
  readonly shape: number
  readonly token: string
  readonly change: Change | undefined
}

const turn: fc.Arbitrary<Turn> = fc.record({
  // The same one several times in a row is what the ways under test are for.
  shape: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1),
  token: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...TOKENS) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_TOKENS) },
  ),
  change: fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: change },
  ),
})

/** How requests are sent: one after the other, all at once, or in pieces of so many bytes. */
type Manner = 'in-turn' | 'at-once' | number

interface Act {
  readonly turns: readonly Turn[]
  readonly manner: Manner
  readonly config: 0 | 1
}

const act: fc.Arbitrary<Act> = fc.record({
  turns: fc.array(turn, { minLength: 3, maxLength: 9 }),
  manner: fc.constantFrom<Manner>('in-turn', 'in-turn', 'at-once', 1, 7, 100),
  config: fc.constantFrom<0 | 1>(0, 1),
})

const play = fc.record({
  shapes: fc.tuple(shape, shape),
  acts: fc.array(act, { minLength: 1, maxLength: 3 }),
})

function requestOf(shapes: readonly Shape[], { shape: index, token, change: changed }: Turn) {
  const { line, before, behind, scheme, framed } = shapes[index]!
  const head = `${[
    line,
    'Host: shop.test',
    ...before,
    `Authorization: ${scheme} ${token}`,
    ...behind,
  ].join('\r\n')}\r\n`
  const start = changed === undefined ? head : changed(head)
  return start + (framed === '' ? `\r\n${bodyWithin(token)}` : framed)
}

/** The body that a token announces: who waits for one must get one. */
function bodyWithin(token: string): string {
  if (token.includes('Content-Length: 5')) return 'abcde'
  return token.includes('chunked') ? '0\r\n\r\n' : ''
}

/** Without what is another one each time. */
function comparable(text: string): string {
  return text
    .replaceAll(/^(X-Kong-(?:Upstream|Proxy|Response)-Latency: )\d+/gm, '$1-')
    .replaceAll(/^(Date: ).*(?=\r$)/gm, '$1-')
    .replaceAll(/^(X-Kong-Request-Id: )[\da-f]{32}/gm, '$1-')
    .replaceAll(/("?request_id"?: ?"?)[\da-f]{32}/g, '$1-')
    .replaceAll(/^(Kong-Request-ID: ).*(?=\r$)/gm, '$1-')
}

/** A gateway before two upstreams that record what they are asked and tell it in their answers. */
async function startStage(flavor: Flavor) {
  const asked: string[] = []
  const startRecorder = () =>
    startRawUpstream((request) => {
      const { head, body, line, socket } = request
      asked.push(comparable(`to ${socket.localPort}: ${head}${body}`))
      const told = [line, request.header('authorization'), request.header('x-consumer-username')]
      return reply(
        `${told.join(' | ')}\n`,
        request.header('x-added') === '1' ? 'X-Second: 1\r\n' : '',
      )
    })
  const upstreams = [await startRecorder(), await startRecorder()] as const
  const configs = ([0, 1] as const).map((which) =>
    configOf(flavor, which, [upstreams[0].port, upstreams[1].port]),
  )
  const gateway = await startGateway(configs[0]!, {
    nginx_worker_processes: '1',
    router_flavor: flavor,
    // One of the two stands behind a proxy that it trusts.
    ...(flavor === 'expressions'
      ? { trusted_ips: '127.0.0.0/8', real_ip_header: 'X-Forwarded-For' }
      : {}),
  })
  let current = 0
  return {
    port: gateway.port,
    /** What the upstreams were asked since the last time. */
    takeAsked: (): string[] => asked.splice(0),
    async configure(which: 0 | 1): Promise<void> {
      if (which === current) return
      current = which
      const answer = await fetch(`${gateway.adminUrl}/config`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(configs[which]),
      })
      expect(answer.status).toBe(201)
      await until(
        async () => (await (await fetch(`${gateway.url}/version`)).text()).trim() === `${which}`,
      )
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      for (const upstream of upstreams) await upstream[Symbol.asyncDispose]()
    },
  }
}

type Stage = Awaited<ReturnType<typeof startStage>>

const LAST = 'GET /over HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n'

/** Fails where what is waited for does not come, so that it is known which request went wrong. */
async function patiently<Result>(waiting: Promise<Result>, what: string): Promise<Result> {
  const given = new AbortController()
  const tooLong = delay(5000, undefined, { signal: given.signal }).then(() => {
    throw new Error(`Nothing came for ${what}`)
  })
  try {
    return await Promise.race([waiting, tooLong])
  } finally {
    tooLong.catch(() => {
      // Nobody waits any more.
    })
    given.abort()
  }
}

interface Outcome {
  /** All that came of one request, which may be more than one for who sent it badly. */
  readonly answers: string
  readonly asked: readonly string[]
  /** The connection does not outlive it. */
  readonly closes: boolean
}

/** Sends a request on a connection of its own. Another one behind it shows what else would be served. */
async function playAlone(stage: Stage, request: string): Promise<Outcome> {
  using client = await connectRaw(stage.port)
  client.send(request + LAST)
  const text = await patiently(client.closes(), request)
  const end = text.lastIndexOf('HTTP/1.1 207 ')
  return {
    answers: comparable(end === -1 ? text : text.slice(0, end)),
    asked: stage.takeAsked(),
    closes: end === -1,
  }
}

/** The connection that is shared, and what of it was looked at. */
interface Shared {
  client: RawClient | undefined
  seen: number
  /** Called when more comes, or the connection closes. */
  wake: () => void
}

async function send(client: RawClient, text: string, manner: Manner): Promise<void> {
  if (typeof manner === 'string') {
    client.send(text)
    return
  }
  // Long ones take long in small pieces, and their ends are like those of others.
  const size = Math.max(manner, Math.ceil(text.length / 200))
  for (let at = 0; at < text.length; at += size) {
    client.send(text.slice(at, at + size))
    await nextTurn()
  }
}

/** What comes on the shared connection, as much as there should be, or all until it closes. */
async function receive(shared: Shared, wanted: number, closes: boolean): Promise<string> {
  const { client, seen } = shared
  const told = (): string => comparable(client!.text.slice(seen))
  if (closes) {
    await patiently(client!.closes(), 'the close')
    shared.client = undefined
    return told()
  }
  while (told().length < wanted && !client!.isClosed) {
    const change = new Promise<void>((resolve) => {
      shared.wake = resolve
    })
    await patiently(change, `more than ${JSON.stringify(told())}`)
  }
  shared.seen = client!.text.length
  return told()
}

/** Sends requests on the shared connection, of which the last one may close it. */
async function playTogether(
  stage: Stage,
  shared: Shared,
  { requests, expected, manner }: PlayedTogether,
): Promise<void> {
  if (shared.client === undefined) {
    shared.client = await connectRaw(stage.port)
    shared.seen = 0
    for (const event of ['data', 'close']) shared.client.socket.on(event, () => shared.wake())
  }
  const answers = expected.map((one) => one.answers).join('')
  const closes = expected.at(-1)!.closes
  // What still comes when the gateway has answered and closed may cost a client the answer.
  await send(shared.client, requests.join(''), closes ? 'at-once' : manner)
  const told = await receive(shared, answers.length, closes)
  expect(told).toBe(answers)
  expect(stage.takeAsked()).toEqual(expected.flatMap(({ asked }) => asked))
}

interface PlayedTogether {
  readonly requests: readonly string[]
  readonly expected: readonly Outcome[]
  readonly manner: Manner
}

/** Parts of a list that end with what is last in one. */
function cutBehind<Item>(items: readonly Item[], isLast: (item: Item) => boolean): Item[][] {
  const parts: Item[][] = []
  let isOpen = false
  for (const item of items) {
    if (!isOpen) parts.push([])
    parts.at(-1)!.push(item)
    isOpen = !isLast(item)
  }
  return parts
}

async function playAct(
  stage: Stage,
  shared: Shared,
  requests: readonly string[],
  { manner, config }: Act,
): Promise<void> {
  await stage.configure(config)
  const played: { readonly request: string; readonly outcome: Outcome }[] = []
  for (const request of requests) played.push({ request, outcome: await playAlone(stage, request) })
  const parts = cutBehind(played, ({ outcome }) => manner === 'in-turn' || outcome.closes)
  for (const one of parts)
    await playTogether(stage, shared, {
      requests: one.map(({ request }) => request),
      expected: one.map(({ outcome }) => outcome),
      manner,
    })
}

describe.each<[Flavor]>([['traditional_compatible'], ['expressions']])(
  'requests of one connection to a gateway of flavour %s',
  (flavor) => {
    let stage: Stage
    beforeAll(async () => {
      stage = await startStage(flavor)
    })
    afterAll(() => stage[Symbol.asyncDispose]())

    it('are answered and passed on as on connections of their own', async () => {
      await fc.assert(
        fc.asyncProperty(play, async ({ shapes, acts }) => {
          const shared: Shared = { client: undefined, seen: 0, wake() {} }
          stage.takeAsked()
          try {
            for (const one of acts) {
              const requests = one.turns.map((each) => requestOf(shapes, each))
              await playAct(stage, shared, requests, one)
            }
          } finally {
            shared.client?.[Symbol.dispose]()
          }
        }),
        { numRuns: 150 },
      )
    }, 60_000)
  },
)
