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
import { sourceOf, whenKnown, type SourceAnswer } from '../../plugin-kit/consumer-source.ts'
import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { explainWith } from '../../plugin-kit/explain-with.ts'
import {
  definePlugin,
  type EntityLookup,
  type Plugin,
  type PluginContext,
} from '../../plugin-kit/plugin.ts'
import { previousSecret, previousUse } from '../../plugin-kit/previous-secret.ts'
import type { RecordOf } from '../../schema/field.ts'
import type { PasswordCredential } from './credential.ts'
import { basicauthCredentials } from './entities.ts'
import { hashPassword } from './hash-password.ts'
import { readCredentials, type NameAndPassword } from './read-credentials.ts'
import { schema } from './schema.ts'

/** What to do about a refusal, by its code. */
const FIXES = {
  'credentials-missing': 'send the header "Authorization: Basic <base64 of name:password>"',
  'credentials-malformed': 'send "Basic " and the base64 of name:password',
  'user-unknown': 'create a credential with this username, or correct the name',
  'password-wrong': 'correct the password, or set another with PATCH /basic-auths/<username>',
  'consumer-missing': 'create the consumer of this credential',
}

/** Authenticates by name and password. */
export const basicAuth: Plugin = definePlugin({
  name: 'basic-auth',
  priority: 1100,
  schema,
  not: ['consumer'],
  entities: [basicauthCredentials],
  explain: explainWith('password', FIXES),

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

/** In the order in which they are tried. */
const HEADERS = ['proxy-authorization', 'authorization'] as const

/** The owner that is hashed with when nobody has the name, so that this takes as long. */
const NOBODY = '00000000-0000-0000-0000-000000000000'

function attemptBy(
  config: RecordOf<typeof schema>,
  { entities, node }: PluginContext,
): (exchange: Exchange) => Attempt | Promise<Attempt> {
  const headers = { 'www-authenticate': challenge('Basic', { realm: config.realm }) }
  const refusal = (code: string, reason: string): Refusal => ({
    code,
    answer: refuse(401, undefined, { headers, reason: `basic-auth: ${reason}` }),
  })
  const missing = refusal('credentials-missing', 'no Authorization or Proxy-Authorization')
  const source = sourceOf(node, 'basicauth_credentials')

  return function attempt(exchange) {
    const { request } = exchange
    if (HEADERS.every((name) => request.header(name) === undefined)) return missing
    const { given, credential } = readHeaders(exchange, entities, config.hide_credentials)
    if (given === undefined)
      return refusal('credentials-malformed', 'no readable Basic credentials in the request')
    if (credential !== undefined || source === undefined)
      return decide(exchange, given, { credential })
    const { username } = given
    const asked = source.find('basicauth_credentials', 'username', username, request.ip)
    return whenKnown(asked, (answer) =>
      answer.kind === 'unavailable'
        ? credentialsUnavailable('basic-auth')
        : decide(exchange, given, ownershipOf(answer)),
    )
  }

  function decide(exchange: Exchange, given: NameAndPassword, owned: Ownership): Attempt {
    const { credential } = owned
    const hash = hashPassword(given.password, ownerOf(credential))
    const isRight = equalSecrets(credential?.password ?? '', hash)
    if (credential === undefined)
      return refusal(
        'user-unknown',
        `no credential with username ${JSON.stringify(given.username)}`,
      )
    const isPrevious = !isRight && isOfBefore(credential, hash, node.now())
    if (!isRight && !isPrevious)
      return refusal('password-wrong', `wrong password for "${credential.username}"`)

    const consumer = owned.consumer ?? entities.consumer(credential.consumer.id)
    if (consumer === undefined)
      return refusal('consumer-missing', `the consumer of "${credential.username}" does not exist`)
    exchange.authenticate({
      consumer,
      credential: { id: credential.id, entity: credential },
      credentialIdentifier: credential.username,
    })
    if (isPrevious) exchange.noteUse(previousUse(credential.id))
    if (exchange.decisions?.wantsPasses)
      noteAuthenticated(exchange, 'basic-auth', { username: credential.username })
    return undefined
  }
}

/** Whether it is the password that was replaced, which is taken for a while. */
function isOfBefore(credential: PasswordCredential, hash: string, nowMs: number): boolean {
  const previous = previousSecret(credential, 'password', nowMs)
  return previous !== undefined && equalSecrets(previous, hash)
}

interface Given {
  readonly given: NameAndPassword | undefined
  readonly credential: PasswordCredential | undefined
}

/** Reads the headers until one names a configured credential, and hides those that were read. */
function readHeaders(exchange: Exchange, entities: EntityLookup, hides: boolean): Given {
  let given: NameAndPassword | undefined
  for (const name of HEADERS) {
    const value = exchange.request.header(name)
    if (hides) exchange.upstream.removeHeader(name)
    if (value === undefined) continue
    given = readCredentials(value) ?? given
    const credential = given && entities.by('basicauth_credentials', 'username', given.username)
    if (credential !== undefined) return { given, credential: credential as PasswordCredential }
  }
  return { given, credential: undefined }
}

interface Ownership {
  readonly credential: PasswordCredential | undefined
  /** Absent: the one in the configuration that the credential refers to. */
  readonly consumer?: Consumer
}

function ownershipOf(answer: Exclude<SourceAnswer, { kind: 'unavailable' }>): Ownership {
  if (answer.kind === 'none') return { credential: undefined }
  const { credential, consumer } = answer
  return { credential: credential as PasswordCredential, consumer }
}

function ownerOf(credential: PasswordCredential | undefined): string {
  return credential?.consumer.id ?? NOBODY
}
