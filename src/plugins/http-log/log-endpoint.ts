import { createHash } from 'node:crypto'
import type { Agent } from 'node:http'
import { nodeHttp, nodeHttps } from '../../base/late-modules.ts'
import type { Config } from './schema.ts'

/** Kong's name for its client; log servers may tell senders apart by it. */
const USER_AGENT = 'lua-resty-http/0.17.2 (Lua) ngx_lua/10026'

/** Where entries are sent. */
export interface LogEndpoint {
  /** The same for instances that send to the same place in the same way, which share a queue. */
  readonly name: string
  /** @throws when it does not accept the body */
  send(body: string): Promise<void>
}

/**
 * The log server of a config. As in Kong a query in its URL is not sent, and its certificate is not
 * looked at.
 */
export function logEndpoint(config: Config): LogEndpoint {
  const url = new URL(config.http_endpoint)
  const isTls = url.protocol === 'https:'
  const timeoutMs = config.timeout ?? 10_000
  const options = { keepAlive: true, timeout: config.keepalive ?? 60_000 }
  const client = () => (isTls ? nodeHttps() : nodeHttp())
  let agent: Agent | undefined
  const target = {
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    path: url.pathname,
    method: config.method ?? 'POST',
    timeout: timeoutMs,
    rejectUnauthorized: false,
    headers: headersOf(config, url),
  }

  return {
    name: endpointName(config),
    send: (body) =>
      new Promise((resolve, reject) => {
        agent ??= new (client().Agent)(options)
        const request = client().request(
          {
            ...target,
            agent,
            headers: { ...target.headers, 'Content-Length': Buffer.byteLength(body) },
          },
          (response) => {
            response.resume()
            const { statusCode = 0 } = response
            response.on('end', () =>
              statusCode < 300
                ? resolve()
                : reject(new Error(`The log server answered ${statusCode}`)),
            )
            response.on('error', reject)
          },
        )
        request.removeHeader('connection')
        request.on('timeout', () => request.destroy(new Error(`No answer within ${timeoutMs} ms`)))
        request.on('error', reject)
        request.end(body)
      }),
  }
}

function headersOf(config: Config, url: URL): Readonly<Record<string, string>> {
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return {
    'User-Agent': USER_AGENT,
    ...config.headers,
    ...(user !== ':' && { Authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
    'Content-Type': config.content_type ?? 'application/json',
  }
}

/** Hashed, since an endpoint may name a password. */
function endpointName(config: Config): string {
  const parts = [
    config.http_endpoint,
    config.method,
    config.content_type,
    config.timeout,
    config.keepalive,
    config.retry_count,
    config.headers,
  ]
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
  return `http-log ${new URL(config.http_endpoint).hostname} ${hash}`
}
