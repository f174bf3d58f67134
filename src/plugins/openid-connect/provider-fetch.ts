import type { CustomFetchOptions } from 'oauth4webapi'
import {
  httpCaller,
  type CallReply,
  type ForwardProxy,
  type HttpCaller,
} from '../../plugin-kit/http-caller.ts'
import type { Config } from './schema.ts'

/** How a provider is called, in the form of the web's fetch. */
export type ProviderFetch = (
  url: string,
  options: Pick<CustomFetchOptions<string, URLSearchParams | undefined>, 'method' | 'headers'> & {
    readonly body?: URLSearchParams | undefined
  },
) => Promise<Response>

/** Metadata, key sets and tokens have a few kilobytes. */
const REPLY_LIMIT_BYTES = 1024 * 1024
const KEEP_ALIVE_MS = 60_000
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304])

export function callerOf(config: Config): HttpCaller {
  return httpCaller({
    timeoutMs: config.timeout,
    keepAliveMs: config.keepalive ? KEEP_ALIVE_MS : undefined,
    verifiesTls: config.ssl_verify,
    httpProxy: forwardProxy(config.http_proxy),
    httpsProxy: forwardProxy(config.https_proxy),
  })
}

/** Redirects are not followed: what a provider answers is meant for whoever asked. */
export function providerFetch(caller: HttpCaller): ProviderFetch {
  return async (url, { method, headers, body }) => {
    const reply = await caller.call({
      url: new URL(url),
      method,
      headers: {
        ...headers,
        'accept-encoding': 'identity',
        ...(body && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: body?.toString(),
    })
    if (reply.body.length > REPLY_LIMIT_BYTES)
      throw new Error(`The answer of ${url} is longer than ${REPLY_LIMIT_BYTES} bytes`)
    return asResponse(reply)
  }
}

function asResponse({ status, headers, body }: CallReply): Response {
  return new Response(NULL_BODY.has(status) ? null : new Uint8Array(body), {
    status,
    headers: headers.map(([name, value]) => [name, value]),
  })
}

function forwardProxy(text: string | undefined): ForwardProxy | undefined {
  if (text === undefined) return undefined
  const { hostname, port, protocol } = new URL(text)
  return {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  }
}
