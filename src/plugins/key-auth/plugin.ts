import type { Consumer } from '../../entities/entity.ts'
import { refuse, type ErrorAnswer } from '../../plugin-kit/answer.ts'
import {
  authenticateRequest,
  credentialsUnavailable,
  noteAuthenticated,
  type Attempt,
  type Refusal,
} from '../../plugin-kit/authenticate-request.ts'
import { readBodyFields, type BodyFields } from '../../plugin-kit/body-fields.ts'
import { challenge } from '../../plugin-kit/challenge.ts'
import { sourceOf, whenKnown, type SourceAnswer } from '../../plugin-kit/consumer-source.ts'
import type { Exchange, Identity } from '../../plugin-kit/exchange.ts'
import { explainWith } from '../../plugin-kit/explain-with.ts'
import { hasExpired } from '../../plugin-kit/has-expired.ts'
import { masked } from '../../plugin-kit/masked.ts'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin-kit/plugin.ts'
import type { RecordOf } from '../../schema/field.ts'
import type { KeyCredential } from './credential.ts'
import { keyauthCredentials } from './entities.ts'
import { findKey, type FoundKey, type KeyPlaces } from './find-key.ts'
import { hideKey } from './hide-key.ts'
import { schema } from './schema.ts'

/** What to do about a refusal, by its code. */
const FIXES = {
  'key-missing':
    'send an API key under one of these names, where the plugin looks for it (key_in_header, key_in_query, key_in_body)',
  'key-duplicate': 'send the key once',
  'key-unknown':
    'see "portunus keys list" for the credentials there are; a key may have ended (ttl)',
}

type Config = RecordOf<typeof schema>

/** A longer body is not searched for keys; whoever sends it need not be known yet. */
const BODY_LIMIT_BYTES = 1024 * 1024

/** Authenticates by a secret key in a header, in the query or in a field of the body. */
export const keyAuth: Plugin = definePlugin({
  name: 'key-auth',
  priority: 1250,
  schema,
  not: ['consumer'],
  entities: [keyauthCredentials],
  explain: explainWith('key', FIXES),

  create(config, context) {
    return {
      access: authenticateRequest({
        context,
        anonymous: config.anonymous,
        runOnPreflight: config.run_on_preflight,
        attempt: config.key_in_body ? attemptWithBody(config, context) : attemptBy(config, context),
      }),
    }
  },
})

type AttemptWith = (exchange: Exchange, body?: BodyFields) => Attempt | Promise<Attempt>

function attemptBy(config: Config, context: PluginContext): AttemptWith {
  const places: KeyPlaces = {
    names: config.key_names.map((name) => ({ name, headerName: name.toLowerCase() })),
    inHeader: config.key_in_header,
    inQuery: config.key_in_query,
  }
  const refusals = refusalsOf(config)
  const { node } = context
  const identityOf = identities(context)
  const source = sourceOf(node, 'keyauth_credentials')

  return function attempt(exchange, body) {
    const found = findKey(exchange.request, places, body)
    if (found.kind !== 'key') return found.kind === 'none' ? refusals.missing : duplicate(found)
    // Also a wrong key is kept from the upstream.
    if (config.hide_credentials) hideKey(exchange, found.name, body)
    if (found.key === '') return refusals.missing
    const identity = identityOf(found.key)
    if (identity !== undefined) return succeed(exchange, found, identity)
    if (source === undefined) return refusals.unknown(found)
    const asked = source.find('keyauth_credentials', 'key', found.key, exchange.request.ip)
    return whenKnown(asked, (answer) => settle(exchange, found, answer))
  }

  function succeed(exchange: Exchange, found: GivenKey, identity: Identity): undefined {
    exchange.authenticate(identity)
    if (exchange.decisions?.wantsPasses)
      noteAuthenticated(exchange, 'key-auth', { name: found.name, key: masked(found.key) })
  }

  function settle(exchange: Exchange, found: GivenKey, answer: SourceAnswer): Attempt {
    if (answer.kind === 'unavailable') return credentialsUnavailable('key-auth')
    if (answer.kind === 'none') return refusals.unknown(found)
    const credential = answer.credential as KeyCredential
    return hasExpired(credential, node.now())
      ? refusals.unknown(found)
      : succeed(exchange, found, identityFrom(credential, answer.consumer))
  }

  function duplicate(found: FoundKey & { readonly kind: 'duplicate' }): Refusal {
    return refusals.duplicate(found.name)
  }
}

/** With keys in the body the body is read first, if it is short and of a type with fields. */
function attemptWithBody(
  config: Config,
  context: PluginContext,
): (exchange: Exchange) => Attempt | Promise<Attempt> {
  const attempt = attemptBy(config, context)
  return (exchange) => {
    const { request } = exchange
    if (!request.hasBody) return attempt(exchange)
    return request
      .readBody(BODY_LIMIT_BYTES)
      .then((body) =>
        attempt(
          exchange,
          body === 'too-large' ? undefined : readBodyFields(request.header('content-type'), body),
        ),
      )
  }
}

/** Finds whose key it is. The identity of a credential is made once. */
function identities(context: PluginContext): (key: string) => Identity | undefined {
  const { entities, node } = context
  const made = new WeakMap<KeyCredential, Identity>()
  return (key) => {
    const credential = entities.by('keyauth_credentials', 'key', key) as KeyCredential | undefined
    if (credential === undefined || hasExpired(credential, node.now())) return undefined
    const known = made.get(credential)
    if (known !== undefined) return known
    const consumer = entities.consumer(credential.consumer.id)
    if (consumer === undefined) return undefined
    const identity = identityFrom(credential, consumer)
    made.set(credential, identity)
    return identity
  }
}

function identityFrom(credential: KeyCredential, consumer: Consumer): Identity {
  const { id } = credential
  return { consumer, credential: { id, entity: credential }, credentialIdentifier: id }
}

interface GivenKey {
  readonly name: string
  readonly key: string
}

interface Refusals {
  readonly missing: Refusal
  readonly duplicate: (name: string) => Refusal
  readonly unknown: (found: GivenKey) => Refusal
}

function refusalsOf({ realm, key_names: names }: Config): Refusals {
  const headers = { 'www-authenticate': challenge('Key', { realm }) }
  const answer = (message: string, reason: string): ErrorAnswer =>
    refuse(401, message, { headers, reason: `key-auth: ${reason}` })
  return {
    missing: {
      code: 'key-missing',
      answer: answer('No API key found in request', `no key named ${names.join(', ')}`),
    },
    duplicate: (name) => ({
      code: 'key-duplicate',
      answer: answer('Duplicate API key found', `several values for ${name}`),
    }),
    unknown: ({ name, key }) => ({
      code: 'key-unknown',
      answer: answer('Unauthorized', `no credential with the key ${masked(key)} in ${name}`),
    }),
  }
}
