import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { CallReply, HttpCaller } from '../../plugin-kit/http-caller.ts'
import type { AccountKey, SignedBody } from './account-key.ts'

/** What an authority answered. */
export interface AcmeReply {
  readonly json: JsonObject
  readonly text: string
  readonly location: string | undefined
  /** Addresses of the same certificate with other chains. */
  readonly alternates: readonly string[]
  /** How long to wait before asking again. */
  readonly retryAfterMs: number | undefined
}

/** A conversation with an authority: signed requests, each with a number that it gave before. */
export interface AcmeSession {
  readonly directory: Readonly<Record<string, string>>
  /** @param payload absent: a signed GET */
  post(url: string, payload?: object): Promise<AcmeReply>
  /** From now on the account signs by its address, not by its key. */
  useAccount(url: string): void
}

/** An authority may find its own number too old. @see RFC 8555 §6.5 */
const MOST_ATTEMPTS = 5

/** @throws when the authority cannot be reached or has no directory there */
export async function openSession(
  directoryUrls: readonly string[],
  key: AccountKey,
  caller: HttpCaller,
): Promise<AcmeSession> {
  const directory = await readDirectory(directoryUrls, caller)
  const { newNonce } = directory
  let nonce: string | undefined
  let account: string | undefined

  async function post(
    url: string,
    payload: object | undefined,
    attempt: number,
  ): Promise<AcmeReply> {
    nonce ??= headerOf(await asked(caller, { method: 'HEAD', url: newNonce! }), 'replay-nonce')
    const who = account === undefined ? { jwk: key.jwk } : { kid: account }
    const text = payload === undefined ? '' : JSON.stringify(payload)
    const body = key.sign({ ...who, nonce, url }, text)
    const reply = await call(caller, { method: 'POST', url, body })
    nonce = headerOf(reply, 'replay-nonce')
    if (reply.status < 300) return readReply(reply)
    const problem = jsonOf(reply)
    const isStale = problem['type'] === 'urn:ietf:params:acme:error:badNonce'
    if (isStale && attempt < MOST_ATTEMPTS) return post(url, payload, attempt + 1)
    throw new Error(`${url} answered ${reply.status}: ${problemText(problem)}`)
  }

  return {
    directory,
    post: (url, payload) => post(url, payload, 1),
    useAccount(url) {
      account = url
    },
  }
}

/** The first that is one; when none is, what was wrong with the last. */
async function readDirectory(
  urls: readonly string[],
  caller: HttpCaller,
): Promise<Readonly<Record<string, string>>> {
  let fault: Error | undefined
  for (const url of urls)
    try {
      const directory = jsonOf(await asked(caller, { method: 'GET', url }))
      if (typeof directory['newNonce'] === 'string') return directory as Record<string, string>
      fault = new Error(`${url} is no directory of ACME`)
    } catch (error) {
      fault = error as Error
    }
  throw fault ?? new Error('No directory of ACME is configured')
}

interface Asked {
  readonly method: string
  readonly url: string
  readonly body?: SignedBody
}

function call(caller: HttpCaller, { method, url, body }: Asked): Promise<CallReply> {
  return caller.call({
    method,
    url: new URL(url),
    headers: {
      'User-Agent': 'portunus',
      Accept: '*/*',
      ...(body && { 'Content-Type': 'application/jose+json' }),
    },
    body: body && JSON.stringify(body),
  })
}

async function asked(caller: HttpCaller, what: Asked): Promise<CallReply> {
  const reply = await call(caller, what)
  if (reply.status < 300) return reply
  throw new Error(`${what.url} answered ${reply.status}: ${problemText(jsonOf(reply))}`)
}

function readReply(reply: CallReply): AcmeReply {
  const seconds = Number(headerOf(reply, 'retry-after') ?? Number.NaN)
  return {
    json: jsonOf(reply),
    text: reply.body.toString(),
    location: headerOf(reply, 'location'),
    alternates: reply.headers.flatMap(([name, value]) =>
      name.toLowerCase() === 'link' ? alternatesIn(value) : [],
    ),
    retryAfterMs: Number.isNaN(seconds) ? undefined : seconds * 1000,
  }
}

function alternatesIn(link: string): readonly string[] {
  return [...link.matchAll(/<([^>]*)>\s*;\s*rel="alternate"/g)].map(([, url]) => url!)
}

function headerOf({ headers }: CallReply, wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1]
}

/** @returns an empty object for what is none */
function jsonOf({ body }: CallReply): JsonObject {
  try {
    const value: unknown = JSON.parse(body.toString())
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** @see RFC 9457 */
function problemText({ type, detail }: JsonObject): string {
  return [type, detail].filter((part) => typeof part === 'string').join(' ') || 'no reason given'
}
