import { createHash, createHmac } from 'node:crypto'
import type { AwsCredentials } from './credentials.ts'

export interface UnsignedRequest {
  readonly method: string
  /** Its path is percent-encoded already. */
  readonly url: URL
  /** Without `Host`; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export interface SignedFor {
  readonly credentials: AwsCredentials
  readonly region: string
  /** AWS's name of the service: `lambda`, `sts`. */
  readonly service: string
  /** Unix time in ms. */
  readonly nowMs: number
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/**
 * Signs a request by AWS's Signature Version 4.
 *
 * @returns the headers to send, the given ones among them
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export function signRequest(request: UnsignedRequest, signed: SignedFor): Record<string, string> {
  const { credentials, region, service, nowMs } = signed
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const date = time.slice(0, 8)
  const { sessionToken } = credentials
  const headers = {
    ...request.headers,
    'X-Amz-Date': time,
    ...(sessionToken !== undefined && { 'X-Amz-Security-Token': sessionToken }),
  }
  const { canonical, names } = canonicalRequest({ ...request, headers })
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = [ALGORITHM, time, scope, sha256(canonical)].join('\n')
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretAccessKey}`,
  )
  const signature = hmac(key, toSign).toString('hex')
  const who = `Credential=${credentials.accessKeyId}/${scope}`
  return {
    ...headers,
    Authorization: `${ALGORITHM} ${who}, SignedHeaders=${names}, Signature=${signature}`,
  }
}

function canonicalRequest({ method, url, headers, body }: UnsignedRequest) {
  const lines = Object.entries({ ...headers, host: url.host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  const names = lines.map(([name]) => name).join(';')
  const canonical = [
    method,
    // All services but S3 want the path encoded once more.
    url.pathname.split('/').map(encode).join('/'),
    canonicalQuery(url.searchParams),
    ...lines.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(body),
  ].join('\n')
  return { canonical, names }
}

function canonicalQuery(parameters: URLSearchParams): string {
  return [...parameters]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted()
    .join('&')
}

/** @see RFC 3986 §2.3: all but unreserved letters */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
