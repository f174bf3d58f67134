import { createSign } from 'node:crypto'
import type { HttpCaller } from '../http-caller.ts'
import { numberAt, textAt } from './json-members.ts'
import { parseJsonObject } from './request-body.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const TOKEN_URL = 'https://oauth2.googleapis.com/token'
const METADATA_PATH = '/computeMetadata/v1/instance/service-accounts/default/token'
const LIFETIME_SECONDS = 3600
/** A token that ends so soon is replaced. */
const RENEWED_BEFORE_MS = 60_000

export interface GoogleTokenOptions {
  readonly caller: HttpCaller
  /** The JSON file of a service account. Absent: the account of the machine is used. */
  readonly account: string | undefined
  /** `host[:port]` of the server that knows the machine's account. */
  readonly metadataHost: string | undefined
  readonly now: () => number
}

/**
 * Access tokens of Google's cloud, renewed shortly before they end.
 *
 * @returns a function that throws when there is no token to be had
 * @see Google Cloud, "Using OAuth 2.0 for Server to Server Applications"; RFC 7523 §2.1
 */
export function googleToken(options: GoogleTokenOptions): () => Promise<string> {
  const { now } = options
  let current: { readonly token: string; readonly endsAtMs: number } | undefined
  let asking: Promise<string> | undefined

  async function renew(): Promise<string> {
    const reply =
      options.account === undefined
        ? await askMachine(options)
        : await askForAccount(options.account, options)
    const token = textAt(reply, 'access_token')
    if (token === undefined) throw new Error('Google gave no access token')
    const lifetimeMs = (numberAt(reply, 'expires_in') ?? 0) * 1000
    current = { token, endsAtMs: now() + lifetimeMs }
    return token
  }

  return async () => {
    if (current !== undefined && current.endsAtMs - RENEWED_BEFORE_MS > now()) return current.token
    // Many requests may wait for the same token.
    asking ??= renew().finally(() => (asking = undefined))
    return asking
  }
}

function askMachine({ caller, metadataHost = 'metadata.google.internal' }: GoogleTokenOptions) {
  const url = new URL(METADATA_PATH, `http://${metadataHost}`)
  return ask(caller, { url, method: 'GET', headers: { 'Metadata-Flavor': 'Google' } })
}

function askForAccount(account: string, { caller, now }: GoogleTokenOptions) {
  const parsed = parseJsonObject(account)
  const email = textAt(parsed, 'client_email')
  const key = textAt(parsed, 'private_key')
  if (email === undefined || key === undefined)
    throw new Error('The service account is no JSON with client_email and private_key')
  const url = textAt(parsed, 'token_uri') ?? TOKEN_URL
  const issuedAt = Math.floor(now() / 1000)
  const times = { iat: issuedAt, exp: issuedAt + LIFETIME_SECONDS }
  const assertion = signed({ iss: email, scope: SCOPE, aud: url, ...times }, key)
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }
  return ask(caller, {
    url: new URL(url),
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(grant).toString(),
  })
}

function signed(claims: Readonly<Record<string, unknown>>, key: string): string {
  const coded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const text = `${coded({ alg: 'RS256', typ: 'JWT' })}.${coded(claims)}`
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
}

async function ask(caller: HttpCaller, call: Parameters<HttpCaller['call']>[0]): Promise<unknown> {
  const { status, body } = await caller.call(call)
  if (status !== 200) throw new Error(`${call.url.host} answered ${status} to a call for a token`)
  return parseJsonObject(body.toString())
}
