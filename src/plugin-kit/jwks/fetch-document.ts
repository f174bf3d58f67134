import { lookup as lookUp, type LookupAddress, type LookupOptions } from 'node:dns'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { isIP, type LookupFunction } from 'node:net'
import { nodeHttp, nodeHttps } from '../../base/late-modules.ts'
import { isPrivateAddress } from './private-addresses.ts'

/** What a document may be fetched from, and how long that may take. */
export interface FetchPolicy {
  /** From the first byte sent to the last received, redirects included. */
  readonly timeoutMs: number
  /** Whether `http:` will do. */
  readonly allowsHttp: boolean
  /** Whether the address may be one of {@link isPrivateAddress}. */
  readonly allowsPrivateAddresses: boolean
}

export interface FetchedDocument {
  readonly text: string
  /** What `Cache-Control: max-age` says. */
  readonly maxAgeSeconds: number | undefined
}

/** A server was asked, and answered with another status than 200. */
export class StatusFault extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the answer has status ${status}`)
    this.name = 'StatusFault'
    this.status = status
  }
}

/** Key sets have a few kilobytes. */
const LIMIT_BYTES = 256 * 1024
const MAX_REDIRECTS = 3

/**
 * Fetches a short text of a server that is trusted for what it says, and for nothing else: over TLS,
 * from an address on the internet unless the policy says otherwise, in bounded time and size.
 * Redirects lead on only within the same host and port. The address that was judged is the one that
 * is connected to, so a name cannot change its mind in between.
 *
 * @throws {Error} that says what was wrong; {@link StatusFault} for other statuses than 200
 */
export async function fetchDocument(url: URL, policy: FetchPolicy): Promise<FetchedDocument> {
  const signal = AbortSignal.timeout(policy.timeoutMs)
  let current = url
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await ask(current, policy, signal)
    const { statusCode = 0, headers } = response
    if (statusCode === 200)
      return {
        text: await readText(response, signal),
        maxAgeSeconds: maxAgeOf(headers['cache-control']),
      }
    response.destroy()
    if (![301, 302, 303, 307, 308].includes(statusCode)) throw new StatusFault(statusCode)
    current = redirected(current, headers.location)
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirects`)
}

/** @throws when the policy has something against the URL itself */
export function checkUrl({ protocol, hostname }: URL, policy: FetchPolicy): void {
  if (protocol !== 'https:' && !(protocol === 'http:' && policy.allowsHttp))
    throw new Error(`${protocol.slice(0, -1)} is not allowed here, only https`)
  // The lookup below is not asked about addresses.
  const host = withoutBrackets(hostname)
  if (isIP(host) !== 0) checkAddress(host, policy)
}

function checkAddress(ip: string, { allowsPrivateAddresses }: FetchPolicy): void {
  if (!allowsPrivateAddresses && isPrivateAddress(ip))
    throw new Error(`${ip} is a private address, and these are not allowed here`)
}

function redirected(from: URL, location: string | undefined): URL {
  if (location === undefined) throw new Error('a redirect that does not say where to')
  if (!URL.canParse(location, from.href)) throw new Error('a redirect to what is not a URL')
  const to = new URL(location, from)
  if (to.host !== from.host) throw new Error(`a redirect to another host, ${to.host}`)
  return to
}

function ask(url: URL, policy: FetchPolicy, signal: AbortSignal): Promise<IncomingMessage> {
  checkUrl(url, policy)
  const options: RequestOptions = {
    agent: false,
    signal,
    lookup: judgingLookup(policy),
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
  }
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === 'https:'
    const request = isTls ? nodeHttps().request(url, options) : nodeHttp().request(url, options)
    request.on('response', resolve)
    request.on('error', (error) => reject(signal.aborted ? timedOut(policy) : error))
    request.end()
  })
}

/** Looks names up as usual, and has nothing to do with those that stand for a private address. */
export function judgingLookup(policy: FetchPolicy): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const refused = error ?? faultOf(addresses, policy)
      if (refused !== undefined) return callback(refused, [])
      if (options.all === true) return callback(null, addresses)
      const [first] = addresses
      return callback(null, first!.address, first!.family)
    })
  }
}

function faultOf(addresses: readonly LookupAddress[], policy: FetchPolicy): Error | undefined {
  try {
    for (const { address } of addresses) checkAddress(address, policy)
    return undefined
  } catch (error) {
    return error as Error
  }
}

async function readText(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  const abort = (): void => void response.destroy(new Error('no whole answer in time'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > LIMIT_BYTES) throw new Error(`the answer is longer than ${LIMIT_BYTES} bytes`)
      chunks.push(chunk)
    }
  } finally {
    signal.removeEventListener('abort', abort)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function timedOut({ timeoutMs }: FetchPolicy): Error {
  return new Error(`no whole answer within ${timeoutMs} ms`)
}

/** @see RFC 9111 §5.2.2.1 */
function maxAgeOf(cacheControl: string | undefined): number | undefined {
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
