import { httpCaller, type ForwardProxy, type HttpCaller } from '../http-caller.ts'
import { rememberedCredentials, type Credentials, type CredentialSource } from './credentials.ts'
import {
  environmentCredentials,
  sharedFileCredentials,
  type Environment,
} from './local-credentials.ts'
import { containerCredentials, instanceCredentials } from './remote-credentials.ts'
import {
  assumedRole,
  webIdentityCredentials,
  type Role,
  type SecurityTokens,
} from './security-tokens.ts'

export interface ChainOptions {
  readonly environment: Environment
  readonly region: string
  /** Configured ones; without them the places are asked that AWS's own tools ask. */
  readonly key?: { readonly id: string; readonly secret: string } | undefined
  /** A role to take, by the credentials found otherwise. */
  readonly role?: Role | undefined
  readonly securityTokensUrl?: string | undefined
  readonly metadataVersion: 'v1' | 'v2'
  readonly proxy?: ForwardProxy | undefined
  readonly now: () => number
}

export interface CredentialChain {
  readonly get: Credentials
  dispose(): void
}

/** Whoever answers at once or not at all is asked with little patience. */
const LOCAL_TIMEOUT_MS = 5000
const SERVICE_TIMEOUT_MS = 60_000

export function credentialChain(options: ChainOptions): CredentialChain {
  const { region, now, proxy, role } = options
  const nearby = httpCaller({ timeoutMs: LOCAL_TIMEOUT_MS, verifiesTls: true })
  const remote = httpCaller({
    timeoutMs: SERVICE_TIMEOUT_MS,
    verifiesTls: true,
    httpProxy: proxy,
    httpsProxy: proxy,
  })
  const service = { caller: remote, endpoint: options.securityTokensUrl, region, now }
  const own = rememberedCredentials(sourcesOf(options, { nearby, service }), now)
  return {
    get: role === undefined ? own : rememberedCredentials([assumedRole(service, role, own)], now),
    dispose() {
      nearby.dispose()
      remote.dispose()
    },
  }
}

/** In the order in which AWS's own tools look. */
function sourcesOf(
  { key, environment, metadataVersion: version }: ChainOptions,
  { nearby, service }: { readonly nearby: HttpCaller; readonly service: SecurityTokens },
): readonly CredentialSource[] {
  if (key !== undefined) return [async () => ({ accessKeyId: key.id, secretAccessKey: key.secret })]
  return [
    environmentCredentials(environment, 'AWS'),
    environmentCredentials(environment, 'AMAZON'),
    sharedFileCredentials(environment),
    containerCredentials(environment, nearby),
    webIdentityCredentials(service, environment),
    instanceCredentials(environment, { caller: nearby, version }),
  ]
}
