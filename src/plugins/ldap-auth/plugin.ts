import { refuse } from '../../plugin-kit/answer.ts'
import {
  authenticateRequest,
  noteAuthenticated,
  type Attempt,
  type Refusal,
} from '../../plugin-kit/authenticate-request.ts'
import { challenge } from '../../plugin-kit/challenge.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { explainWith } from '../../plugin-kit/explain-with.ts'
import { definePlugin, type Plugin, type PluginContext } from '../../plugin-kit/plugin.ts'
import { ldapBind, type Bind } from './ldap-server.ts'
import { readCredentials, type NameAndPassword } from './read-credentials.ts'
import { rememberedBinds, type RememberedBinds } from './remembered-binds.ts'
import { configChecks, schema, type Config } from './schema.ts'

/** What to do about a refusal, by its code. */
const FIXES = {
  'credentials-missing': 'send the header "Authorization: ldap <base64 of name:password>"',
  'credentials-malformed': 'send the scheme of header_type and the base64 of name:password',
  'bind-refused':
    'see whether the directory takes this name and password with base_dn and attribute',
}

/** Authenticates by name and password, which an LDAP server knows. There is no consumer. */
export const ldapAuth: Plugin = ldapAuthBy(ldapBind)

/** @param bindBy how the server is asked */
export function ldapAuthBy(bindBy: (config: Config) => Bind): Plugin {
  return definePlugin({
    name: 'ldap-auth',
    priority: 1200,
    schema,
    configChecks,
    not: ['consumer'],
    explain: explainWith('password', FIXES),

    create(config, context) {
      const binds = rememberedBinds(bindBy(config), config.cache_ttl * 1000, () =>
        context.node.now(),
      )
      return {
        access: authenticateRequest({
          context,
          anonymous: config.anonymous,
          runOnPreflight: true,
          attempt: attemptBy(config, context, binds),
        }),
      }
    },
  })
}

/** In the order in which they are tried. */
const HEADERS = ['proxy-authorization', 'authorization'] as const

function attemptBy(
  config: Config,
  { node }: PluginContext,
  binds: RememberedBinds,
): (exchange: Exchange) => Attempt | Promise<Attempt> {
  const scheme = config.header_type ?? 'ldap'
  const headers = {
    'www-authenticate': challenge(scheme === 'ldap' ? 'LDAP' : scheme, { realm: config.realm }),
  }
  const refusal = (code: string, reason: string): Refusal => ({
    code,
    answer: refuse(401, undefined, { headers, reason: `ldap-auth: ${reason}` }),
  })
  const missing = refusal('credentials-missing', 'no Authorization or Proxy-Authorization')

  function finish(exchange: Exchange, { username, password }: NameAndPassword): Attempt {
    exchange.authenticate({
      consumer: undefined,
      credential: { id: binds.idOf({ username, password }) },
      credentialIdentifier: username,
    })
    if (config.hide_credentials) for (const name of HEADERS) exchange.upstream.removeHeader(name)
    if (exchange.decisions?.wantsPasses) noteAuthenticated(exchange, 'ldap-auth', { username })
    return undefined
  }

  async function tryAll(exchange: Exchange, all: readonly NameAndPassword[]): Promise<Attempt> {
    for (const credentials of all)
      try {
        if (await binds.isKnown(credentials)) return finish(exchange, credentials)
      } catch (error) {
        node.log.error(`ldap-auth: cannot ask ${config.ldap_host}:${config.ldap_port}`, error)
        throw new Error('Cannot ask the LDAP server', { cause: error })
      }
    return refusal('bind-refused', `the server knows no such user and password`)
  }

  return function attempt(exchange) {
    const values = HEADERS.flatMap((name) => exchange.request.header(name) ?? [])
    if (values.length === 0) return missing
    const all = values.flatMap((value) => readCredentials(value, scheme) ?? [])
    if (all.length === 0)
      return refusal('credentials-malformed', 'no readable name and password in the request')
    const [first] = all
    const known = all.length === 1 ? binds.isKnown(first!) : false
    return known === true ? finish(exchange, first!) : tryAll(exchange, all)
  }
}
