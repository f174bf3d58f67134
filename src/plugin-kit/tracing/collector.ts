import type { Agent, IncomingMessage } from 'node:http'
import { nodeHttp, nodeHttps } from '../../base/late-modules.ts'

export interface CollectorOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connectTimeoutMs: number
  readonly sendTimeoutMs: number
  readonly readTimeoutMs: number
}

export interface CollectorAnswer {
  readonly status: number
  readonly reason: string
  readonly body: string
}

/** Where spans are sent, by POST. */
export interface Collector {
  /** @throws when there is no answer in time */
  send(body: string | Uint8Array): Promise<CollectorAnswer>
}

/** Connections that nothing was sent over for so long are closed. */
const IDLE_MS = 60_000
/** Beyond this an answer is not of interest. */
const ANSWER_BYTES = 4096

/** The certificate of a collector is checked, by the authorities that Node trusts. */
export function createCollector(options: CollectorOptions): Collector {
  const url = new URL(options.url)
  const isTls = url.protocol === 'https:'
  const kept = { keepAlive: true, timeout: IDLE_MS }
  const client = () => (isTls ? nodeHttps() : nodeHttp())
  let agent: Agent | undefined
  const user = userOf(url)

  return {
    send: (body) =>
      new Promise((resolve, reject) => {
        agent ??= new (client().Agent)(kept)
        const request = client().request(url, {
          agent,
          method: 'POST',
          headers: { ...user, ...options.headers, 'Content-Length': Buffer.byteLength(body) },
        })
        const limit = (ms: number, what: string) =>
          setTimeout(
            () => request.destroy(new Error(`${what} took more than ${ms} ms`)),
            ms,
          ).unref()
        let timer = limit(options.connectTimeoutMs, 'Connecting')
        const next = (ms: number, what: string): void => {
          clearTimeout(timer)
          timer = limit(ms, what)
        }
        const connected = (): void => next(options.sendTimeoutMs, 'Sending')
        request.on('socket', (socket) => {
          if (socket.connecting) socket.once(isTls ? 'secureConnect' : 'connect', connected)
          else connected()
        })
        request.on('finish', () => next(options.readTimeoutMs, 'The answer'))
        request.on('close', () => clearTimeout(timer))
        request.on('error', reject)
        request.on('response', (response) => {
          readAnswer(response).then(resolve, reject)
        })
        request.end(body)
      }),
  }
}

function userOf({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {}
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { Authorization: `Basic ${Buffer.from(user).toString('base64')}` }
}

async function readAnswer(response: IncomingMessage): Promise<CollectorAnswer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (bytes < ANSWER_BYTES) chunks.push(chunk)
    bytes += chunk.length
  }
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    body: Buffer.concat(chunks).toString().slice(0, ANSWER_BYTES),
  }
}
