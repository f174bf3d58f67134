import { toByteString } from '../../base/buffer-slices.ts'
import { exit, type Answer } from '../../plugin-kit/answer.ts'
import {
  authenticateRequest,
  noteAuthenticated,
  type Attempt,
  type Refusal,
} from '../../plugin-kit/authenticate-request.ts'
import { challenge } from '../../plugin-kit/challenge.ts'
import type { ClientRequest, Exchange } from '../../plugin-kit/exchange.ts'
import { explainWith } from '../../plugin-kit/explain-with.ts'
import {
  definePlugin,
  type NodeServices,
  type Plugin,
  type PluginContext,
} from '../../plugin-kit/plugin.ts'
import { authorize, type Endpoint, type EndpointAnswer } from './authorize.ts'
import {
  oauth2AuthorizationCodes,
  oauth2Credentials,
  oauth2Tokens,
  type Client,
} from './entities.ts'
import { findToken, type FoundToken } from './find-token.ts'
import { grantToken } from './grant-token.ts'
import { readParameters, type Parameters } from './parameters.ts'
import { checks, configFault, schema, type Config } from './schema.ts'
import { oauth2Tickets, type Tickets, type Token } from './tickets.ts'

/** What to do about a refusal, by its code. */
const FIXES = {
  'token-missing': 'send the header "Authorization: Bearer <token>"',
  'token-unknown': 'get a new token: this one is not known here, or was withdrawn',
  'token-expired': 'get a new token, or use the refresh token',
  'token-of-another-service': 'get a token at the service that it is meant for',
  'token-is-global': 'set global_credentials, or get a token of this service',
  'client-gone':
    'the application or its consumer was deleted: create it again, and get a new token',
}

/** Gives applications tokens for users who agree, and authenticates by such a token. */
export const oauth2: Plugin = definePlugin({
  name: 'oauth2',
  priority: 1400,
  schema,
  checks,
  configValidator: configFault,
  not: ['consumer'],
  entities: [oauth2Credentials, oauth2Tokens, oauth2AuthorizationCodes],
  explain: explainWith('token', FIXES),

  create(config, context) {
    const tickets = oauth2Tickets(context.entities, context.node)
    const answerEndpoint = endpointAnswers(config, context, tickets)
    const authenticate = authenticateRequest({
      context,
      anonymous: config.anonymous,
      runOnPreflight: true,
      attempt: attemptBy(config, context, tickets),
      onAnonymous: forgetToken,
      onAuthenticated: forgetToken,
    })
    return {
      access: (exchange) => answerEndpoint(exchange) ?? authenticate(exchange),
    }
  },
})

/** Whoever it is, no token of ours says so. */
function forgetToken({ upstream }: Exchange): void {
  upstream.removeHeader('X-Authenticated-Scope')
  upstream.removeHeader('X-Authenticated-UserId')
}

type Handle = (
  request: ClientRequest,
  parameters: Parameters,
  endpoint: Endpoint,
) => Promise<EndpointAnswer>

const ENDPOINTS: readonly {
  readonly tail: RegExp
  readonly name: string
  readonly handle: Handle
}[] = [
  { tail: /\/oauth2\/token\/?$/, name: 'token', handle: grantToken },
  { tail: /\/oauth2\/authorize\/?$/, name: 'authorization', handle: authorize },
]

const NOT_STORED = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

/** Answers requests to the two endpoints, which are below every path of the plugin. */
function endpointAnswers(
  config: Config,
  { id, entities, node }: PluginContext,
  tickets: Tickets,
): (exchange: Exchange) => Answer | Promise<Answer> | undefined {
  const findClient = (clientId: string): Client | undefined =>
    entities.by('oauth2_credentials', 'client_id', clientId) as Client | undefined

  return (exchange) => {
    const { request, service } = exchange
    const found = ENDPOINTS.find(({ tail }) => tail.test(request.path))
    if (found === undefined) return undefined
    if (request.method !== 'POST') return wrongMethod(request.method, found.name, config)
    const endpoint: Endpoint = {
      config,
      tickets,
      pluginId: id,
      serviceId: service?.id,
      findClient,
      noteUse: (credentialId) => exchange.noteUse(credentialId),
      hashAnew: (client, secret) => hashAnew(node, client, secret),
      now: () => node.now(),
    }
    const answer = async (parameters: Parameters): Promise<Answer> => {
      const { status, body, headers } = await found.handle(request, parameters, endpoint)
      return exit(status, body, { headers: { ...NOT_STORED, ...headers } })
    }
    const parameters = readParameters(request)
    return parameters instanceof Promise ? parameters.then(answer) : answer(parameters)
  }
}

/** Nobody waits for it; if it fails it is tried with the next token. */
function hashAnew(node: NodeServices, { id }: Client, secret: string): void {
  // Without a database the file has the hash, and whoever wrote it.
  if (node.issuedRows === undefined || node.administer === undefined) return
  const body = { client_secret: secret, hash_secret: true }
  node.administer({ method: 'PATCH', path: `/oauth2/${id}`, body }).catch((error: unknown) => {
    node.log.error('oauth2: a secret cannot be hashed anew', error)
  })
}

function wrongMethod(method: string, endpoint: string, { realm }: Config): Answer {
  const error = 'invalid_method'
  const description = `The HTTP method ${method} is invalid for the ${endpoint} endpoint`
  return exit(
    405,
    { error, error_description: description },
    {
      headers: {
        'www-authenticate': challenge('Bearer', { realm, error, error_description: description }),
      },
    },
  )
}

function attemptBy(
  config: Config,
  { entities, node }: PluginContext,
  tickets: Tickets,
): (exchange: Exchange) => Attempt | Promise<Attempt> {
  const refusals = refusalsOf(config)

  function check(exchange: Exchange, { text, hide }: FoundToken): Attempt | Promise<Attempt> {
    if (text === undefined) return refusals.missing
    if (config.hide_credentials) hide()
    const token = tickets.findToken(text)
    return token instanceof Promise
      ? token.then((found) => decide(exchange, found))
      : decide(exchange, token)
  }

  function decide(exchange: Exchange, token: Token | undefined): Attempt {
    if (token === undefined) return refusals.invalid('token-unknown')
    if (!config.global_credentials && token.service?.id !== exchange.service?.id)
      return token.service === null ? refusals.global : refusals.invalid('token-of-another-service')
    if (isOver(token, node.now())) return refusals.invalid('token-expired')
    return finish(exchange, token)
  }

  function finish(exchange: Exchange, token: Token): Attempt {
    const client = entities.byId('oauth2_credentials', token.credential.id) as Client | undefined
    const consumer = client && entities.consumer(client.consumer.id)
    if (client === undefined || consumer === undefined) return refusals.invalid('client-gone')
    exchange.authenticate({
      consumer,
      credential: { id: client.id, entity: client },
      credentialIdentifier: client.client_id,
    })
    tell(exchange, 'X-Authenticated-Scope', token.scope)
    tell(exchange, 'X-Authenticated-UserId', token.authenticated_userid)
    if (exchange.decisions?.wantsPasses)
      noteAuthenticated(exchange, 'oauth2', { client_id: client.client_id, scope: token.scope })
    return undefined
  }

  return (exchange) => {
    const found = findToken(exchange, config.auth_header_name ?? 'authorization')
    return found instanceof Promise
      ? found.then((token) => check(exchange, token))
      : check(exchange, found)
  }
}

function isOver({ created_at: createdAt, expires_in: seconds }: Token, nowMs: number): boolean {
  return seconds > 0 && nowMs / 1000 - createdAt > seconds
}

function tell({ upstream }: Exchange, name: string, value: string | null): void {
  if (value === null || value === '') upstream.removeHeader(name)
  else upstream.setHeader(name, toByteString(value))
}

function refusalsOf({ realm }: Config) {
  const description = 'The access token is invalid or has expired'
  const headers = {
    'www-authenticate': challenge('Bearer', {
      realm,
      error: 'invalid_token',
      error_description: description,
    }),
  }
  const refusal = (code: string, text: string): Refusal => ({
    code,
    answer: exit(
      401,
      { error: 'invalid_token', error_description: text },
      { headers, reason: `oauth2: ${code}` },
    ),
  })
  return {
    missing: {
      code: 'token-missing',
      answer: exit(
        401,
        { error: 'invalid_request', error_description: 'The access token is missing' },
        {
          headers: { 'www-authenticate': challenge('Bearer', { realm }) },
          reason: 'oauth2: no access token in the request',
        },
      ),
    },
    invalid: (code: string) => refusal(code, description),
    global: {
      ...refusal(
        'token-is-global',
        "The access token is global, but the current plugin is configured without 'global_credentials'",
      ),
      isFinal: true,
    } as const,
  }
}
