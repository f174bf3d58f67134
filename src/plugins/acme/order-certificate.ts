import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { HttpCaller } from '../../plugin-kit/http-caller.ts'
import { accountKey, externalBinding, type AccountKey } from './account-key.ts'
import { openSession, type AcmeReply, type AcmeSession } from './acme-session.ts'

export interface Authority {
  /** Places where its directory may be, the likeliest first. */
  readonly directoryUrls: readonly string[]
  readonly email: string
  /** PEM of the account's key. */
  readonly accountKey: string
  readonly external: { readonly keyId: string; readonly hmacKey: string } | undefined
  /** Name in the issuer of the chain's last certificate, where there are several chains. */
  readonly preferredChain: string | undefined
  readonly caller: HttpCaller
  readonly wait: (ms: number) => Promise<void>
}

export interface CertificateOrder {
  readonly host: string
  /** DER of the request. */
  readonly request: Buffer
  /** Makes the answer to a challenge known to all who may be asked for it. */
  publish(token: string, answer: string): Promise<void>
  withdraw(token: string): Promise<void>
}

/**
 * Has an authority make a certificate: account, order, challenges by HTTP, request, chain.
 *
 * @returns the chain in PEM
 * @throws when the authority refuses, or takes too long
 * @see RFC 8555 §7.1, §8.3
 */
export async function orderCertificate(
  authority: Authority,
  order: CertificateOrder,
): Promise<string> {
  const key = accountKey(authority.accountKey)
  const session = await openSession(authority.directoryUrls, key, authority.caller)
  await signIn(session, key, authority)
  const identifier = { type: isIP(order.host) === 0 ? 'dns' : 'ip', value: order.host }
  const made = await session.post(session.directory['newOrder']!, { identifiers: [identifier] })
  const url = made.location
  if (url === undefined) throw new Error('The authority gave the order no address')
  for (const authorization of textsOf(made.json['authorizations']))
    await authorize(session, { url: authorization, key, authority, order })
  const ready = await settled(session, url, authority, ['ready', 'valid'])
  if (ready['status'] === 'ready')
    await session.post(String(ready['finalize']), { csr: order.request.toString('base64url') })
  const { certificate } = await settled(session, url, authority, ['valid'])
  return chainOf(await session.post(String(certificate)), session, authority.preferredChain)
}

/** The same account each time: an authority knows it by its key. */
async function signIn(session: AcmeSession, key: AccountKey, authority: Authority): Promise<void> {
  const url = session.directory['newAccount']!
  const { location } = await session.post(url, {
    termsOfServiceAgreed: true,
    contact: [`mailto:${authority.email}`],
    ...(authority.external && {
      externalAccountBinding: externalBinding(key, authority.external, url),
    }),
  })
  if (location === undefined) throw new Error('The authority gave the account no address')
  session.useAccount(location)
}

async function authorize(
  session: AcmeSession,
  about: {
    readonly url: string
    readonly key: AccountKey
    readonly authority: Authority
    readonly order: CertificateOrder
  },
): Promise<void> {
  const { url, key, authority, order } = about
  const { json } = await session.post(url)
  if (json['status'] === 'valid') return
  const challenges = (json['challenges'] ?? []) as readonly JsonObject[]
  const challenge = challenges.find(({ type }) => type === 'http-01')
  if (challenge === undefined)
    throw new Error(`The authority offers no challenge by HTTP for ${order.host}`)
  const token = String(challenge['token'])
  await order.publish(token, `${token}.${key.thumbprint}`)
  try {
    await session.post(String(challenge['url']), {})
    await settled(session, url, authority, ['valid'])
  } finally {
    await order.withdraw(token)
  }
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000
/** Some two minutes in all. */
const MOST_QUESTIONS = 18

/** Asks until a status is reached. @throws when it will not be, or not in time */
async function settled(
  session: AcmeSession,
  url: string,
  { wait }: Authority,
  wanted: readonly string[],
): Promise<JsonObject> {
  let pauseMs = FIRST_WAIT_MS
  for (let question = 0; question < MOST_QUESTIONS; question += 1) {
    const { json, retryAfterMs } = await session.post(url)
    const status = String(json['status'])
    if (wanted.includes(status)) return json
    if (status === 'invalid') throw new Error(`The authority refuses: ${whyInvalid(json)}`)
    await wait(Math.min(retryAfterMs ?? pauseMs, LONGEST_WAIT_MS))
    pauseMs *= 2
  }
  throw new Error(`The authority did not get ready with ${url} in time`)
}

/** The problem is said of the order, or of one of its challenges. */
function whyInvalid(json: JsonObject): string {
  const challenges = (json['challenges'] ?? []) as readonly JsonObject[]
  const problem = [json, ...challenges].map(({ error }) => error).find(isJsonObject)
  return problem === undefined ? 'no reason given' : String(problem['detail'] ?? problem['type'])
}

async function chainOf(
  first: AcmeReply,
  session: AcmeSession,
  preferred: string | undefined,
): Promise<string> {
  if (preferred === undefined || endsWith(first.text, preferred)) return first.text
  for (const url of first.alternates) {
    const { text } = await session.post(url)
    if (endsWith(text, preferred)) return text
  }
  // What is preferred is not there; a certificate is better than none.
  return first.text
}

function endsWith(chain: string, issuerName: string): boolean {
  const last = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
  const pem = chain.match(last)?.at(-1)
  return pem !== undefined && new X509Certificate(pem).issuer.includes(`CN=${issuerName}`)
}

function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(String) : []
}
