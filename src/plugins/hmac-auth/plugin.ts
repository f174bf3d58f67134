import { createHash, createHmac } from 'node:crypto'
import { fromByteString } from '../../base/buffer-slices.ts'
import type { Consumer } from '../../entities/entity.ts'
import { refuse } from '../../plugin-kit/answer.ts'
import {
  authenticateRequest,
  credentialsUnavailable,
  noteAuthenticated,
  type Attempt,
  type Refusal,
} from '../../plugin-kit/authenticate-request.ts'
import { challenge } from '../../plugin-kit/challenge.ts'
import { sourceOf, whenKnown } from '../../plugin-kit/consumer-source.ts'
import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'
import type { ClientRequest, Exchange } from '../../plugin-kit/exchange.ts'
import { explainWith } from '../../plugin-kit/explain-with.ts'
import { parseHttpDate } from '../../plugin-kit/http-date.ts'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin-kit/plugin.ts'
import { previousSecret, previousUse } from '../../plugin-kit/previous-secret.ts'
import type { RecordOf } from '../../schema/field.ts'
import type { HmacCredential } from './credential.ts'
import { hmacauthCredentials } from './entities.ts'
import { ALGORITHM_NAMES, schema } from './schema.ts'
import { readSignatureParameters, type SignatureParameters } from './signature-parameters.ts'
import { signingString } from './signing-string.ts'

/** What to do about a refusal, by its code. */
const FIXES = {
  'signature-missing': 'sign the request and send the header Authorization',
  'date-not-near':
    'send Date or X-Date and see to the clock of the client; clock_skew forgives a difference',
  'signature-unverifiable':
    'sign the headers that enforce_headers asks for, with one of the algorithms that are allowed',
  'user-unknown': 'create a credential with this username, or correct the name',
  'signature-wrong': 'compare the signed text line by line: order of headers, request line, secret',
  'digest-wrong': 'send a Digest header of the body as it is sent',
}

type Config = RecordOf<typeof schema>

/** Longer bodies fail the check. Only who signed rightly gets one read at all. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024

/** Authenticates requests that are signed with a shared secret. */
export const hmacAuth: Plugin = definePlugin({
  name: 'hmac-auth',
  priority: 1030,
  schema,
  not: ['consumer'],
  entities: [hmacauthCredentials],
  explain: explainWith('signature', FIXES),

  create(config, context) {
    return {
      access: authenticateRequest({
        context,
        anonymous: config.anonymous,
        runOnPreflight: true,
        attempt: attemptBy(config, context),
      }),
    }
  },
})

function attemptBy(
  config: Config,
  context: PluginContext,
): (exchange: Exchange) => Attempt | Promise<Attempt> {
  const { entities, node } = context
  const refusal = refusalBy(config)
  const missing = refusal(
    'Unauthorized',
    'signature-missing',
    'no Authorization or Proxy-Authorization',
  )
  const clockSkew = config.clock_skew ?? 300
  const finish = finisher(context, refusal)
  const source = sourceOf(node, 'hmacauth_credentials')

  return function attempt(exchange) {
    const { request } = exchange
    if (HEADERS.every((name) => request.header(name) === undefined)) return missing
    if (!isDateNear(request, Math.floor(node.now() / 1000), clockSkew))
      return refusal(BAD_DATE, 'date-not-near', `no date is within ${clockSkew} s of now`)
    const parameters = readHeaders(exchange, config.hide_credentials)
    const why =
      parameters === undefined ? 'the parameters cannot be read' : misuse(parameters, config)
    if (parameters === undefined || why !== undefined)
      return refusal(UNVERIFIABLE, 'signature-unverifiable', why ?? '')
    const username = fromByteString(parameters.username)
    const credential = entities.by('hmacauth_credentials', 'username', username)
    if (credential !== undefined)
      return decide(exchange, parameters, { credential: credential as HmacCredential })
    if (source === undefined) return unknown(username)
    const asked = source.find('hmacauth_credentials', 'username', username, request.ip)
    return whenKnown(asked, (answer) => {
      if (answer.kind === 'unavailable') return credentialsUnavailable('hmac-auth')
      if (answer.kind === 'none') return unknown(username)
      const { credential: found, consumer } = answer
      return decide(exchange, parameters, { credential: found as HmacCredential, consumer })
    })
  }

  function unknown(username: string): Refusal {
    const reason = `no credential with username ${JSON.stringify(username)}`
    return refusal(UNVERIFIABLE, 'user-unknown', reason)
  }

  function decide(
    exchange: Exchange,
    parameters: SignatureParameters,
    owned: Ownership,
  ): Attempt | Promise<Attempt> {
    const used = usedSecret(owned.credential, exchange.request, { parameters, nowMs: node.now() })
    if (used === undefined)
      return refusal(MISMATCH, 'signature-wrong', `wrong signature for "${parameters.username}"`)
    const signed = { ...owned, used }
    if (!config.validate_request_body) return finish(exchange, signed)
    return isBodyAsDigested(exchange.request).then((isRight) =>
      isRight
        ? finish(exchange, signed)
        : refusal(MISMATCH, 'digest-wrong', 'the body is not that of the Digest header'),
    )
  }
}

interface Ownership {
  readonly credential: HmacCredential
  /** Absent: the one in the configuration that the credential refers to. */
  readonly consumer?: Consumer
}

/** What is left to do for a request that is signed rightly. */
function finisher(
  { entities }: PluginContext,
  refusal: Refuse,
): (exchange: Exchange, signed: Ownership & { readonly used: UsedSecret }) => Attempt {
  return function finish(exchange, { credential, consumer: sourced, used }) {
    const { id, username } = credential
    const consumer = sourced ?? entities.consumer(credential.consumer.id)
    if (consumer === undefined)
      return refusal(
        UNVERIFIABLE,
        'consumer-missing',
        `the consumer of "${username}" does not exist`,
      )
    const identity = {
      consumer,
      credential: { id, entity: credential },
      credentialIdentifier: username,
    }
    exchange.authenticate(identity)
    if (used === 'previous') exchange.noteUse(previousUse(id))
    if (exchange.decisions?.wantsPasses) noteAuthenticated(exchange, 'hmac-auth', { username })
    return undefined
  }
}

const HEADERS = ['proxy-authorization', 'authorization'] as const

const UNVERIFIABLE = 'HMAC signature cannot be verified'
const BAD_DATE = `${UNVERIFIABLE}, a valid date or x-date header is required for HMAC Authentication`
const MISMATCH = 'HMAC signature does not match'

type Refuse = (message: string, code: string, reason: string) => Refusal

function refusalBy({ realm }: Config): Refuse {
  const headers = { 'www-authenticate': challenge('hmac', { realm }) }
  return (message, code, reason) => ({
    code,
    answer: refuse(401, message, { headers, reason: `hmac-auth: ${reason}` }),
  })
}

/** Either date will do, so a client that cannot set Date sets X-Date. */
function isDateNear(request: ClientRequest, now: number, skew: number): boolean {
  return ['x-date', 'date'].some((name) => {
    const value = request.header(name)
    const date = value === undefined ? undefined : parseHttpDate(value)
    return date !== undefined && Math.abs(now - date) <= skew
  })
}

/** Takes the parameters from the first header that has some, and hides that one. */
function readHeaders(exchange: Exchange, hides: boolean): SignatureParameters | undefined {
  for (const name of HEADERS) {
    const value = exchange.request.header(name)
    const parameters = value === undefined ? undefined : readSignatureParameters(value)
    if (parameters === undefined && name !== 'authorization') continue
    if (hides) exchange.upstream.removeHeader(name)
    return parameters
  }
  return undefined
}

/** What in the parameters the configuration does not allow. */
function misuse({ algorithm, headers }: SignatureParameters, config: Config): string | undefined {
  const unsigned = (config.enforce_headers ?? []).find((name) => !headers.includes(name))
  if (unsigned !== undefined) return `the signature does not cover ${unsigned}`
  const allowed: readonly string[] = config.algorithms ?? ALGORITHM_NAMES
  return allowed.includes(algorithm)
    ? undefined
    : `algorithm ${JSON.stringify(algorithm)} is not allowed`
}

type UsedSecret = 'present' | 'previous'

/** With which of its secrets a request is signed. */
function usedSecret(
  credential: HmacCredential,
  request: ClientRequest,
  { parameters, nowMs }: { readonly parameters: SignatureParameters; readonly nowMs: number },
): UsedSecret | undefined {
  if (isSignedWith(credential.secret, request, parameters)) return 'present'
  const previous = previousSecret(credential, 'secret', nowMs)
  return previous !== undefined && isSignedWith(previous, request, parameters)
    ? 'previous'
    : undefined
}

function isSignedWith(
  secret: string | null,
  request: ClientRequest,
  { algorithm, headers, signature }: SignatureParameters,
): boolean {
  // Without a secret anybody could sign.
  if (secret === null || secret === '') return false
  const hash = algorithm.slice('hmac-'.length)
  // Header values are bytes, one a letter.
  const text = Buffer.from(signingString(request, headers), 'latin1')
  const given = decodeBase64(signature)
  return given !== undefined && equalSecrets(createHmac(hash, secret).update(text).digest(), given)
}

/** As nginx decodes: padding need not be there, and whatever follows its beginning does not matter. */
function decodeBase64(text: string): Buffer | undefined {
  const letters = text.split('=', 1)[0]!
  if (letters.length % 4 === 1 || !/^[A-Za-z0-9+/]*$/.test(letters)) return undefined
  return Buffer.from(letters, 'base64')
}

/** A body needs a digest; without one there must be none. */
async function isBodyAsDigested(request: ClientRequest): Promise<boolean> {
  const body = await request.readBody(BODY_LIMIT_BYTES)
  if (body === 'too-large') return false
  const digest = request.header('digest')
  if (digest === undefined) return body.length === 0
  return equalSecrets(digest, `SHA-256=${createHash('sha256').update(body).digest('base64')}`)
}
