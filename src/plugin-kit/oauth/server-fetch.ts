import type { CustomFetchOptions } from 'oauth4webapi'
import type { CallReply, HttpCaller } from '../http-caller.ts'

/** How an authorization server is called, in the form of the web's fetch. */
export type ServerFetch = (
  url: string,
  options: Pick<CustomFetchOptions<string, URLSearchParams | undefined>, 'method' | 'headers'> & {
    readonly body?: URLSearchParams | undefined
  },
) => Promise<Response>

interface FetchLimits {
  /** Of an answer's body. */
  readonly replyBytes: number
  /** From the first byte sent to the last received; absent: as long as bytes come. */
  readonly wholeMs?: number
}

const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304])
/** Metadata, key sets and tokens have a few kilobytes. */
const DEFAULT_LIMITS: FetchLimits = { replyBytes: 1024 * 1024 }

/** Redirects are not followed: what a server answers is meant for whoever asked. */
export function serverFetch(
  caller: HttpCaller,
  { replyBytes, wholeMs }: FetchLimits = DEFAULT_LIMITS,
): ServerFetch {
  return async (url, { method, headers, body }) => {
    const target = new URL(url)
    const reply = await caller.call({
      url: target,
      method,
      headers: {
        ...headers,
        'accept-encoding': 'identity',
        ...(body && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: body?.toString(),
      ...(wholeMs !== undefined && { signal: AbortSignal.timeout(wholeMs) }),
    })
    if (reply.body.length > replyBytes)
      throw new Error(
        `The answer of ${target.origin}${target.pathname} is longer than ${replyBytes} bytes`,
      )
    return asResponse(reply)
  }
}

function asResponse({ status, headers, body }: CallReply): Response {
  return new Response(NULL_BODY.has(status) ? null : new Uint8Array(body), {
    status,
    headers: headers.map(([name, value]) => [name, value]),
  })
}
