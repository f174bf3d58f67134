import type { Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { DPOP_ALGORITHMS } from '../../plugin-kit/possession/dpop-proof.ts'
import type { IssuerConfig } from './issuer-fields.ts'

/** What a client needs to know to get a token for a route. */
export interface ProtectedResource {
  readonly metadataUrl: string
  readonly issuers: readonly Pick<
    IssuerConfig,
    'issuer' | 'proof_of_possession_dpop' | 'proof_of_possession_mtls'
  >[]
  readonly scopes: readonly string[]
  readonly bearerMethods: readonly ('header' | 'query')[]
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** @returns what is wrong with an address of metadata */
export function metadataUrlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL'
  const { protocol, pathname, search, hash } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') return 'must be a URL of scheme https or http'
  if (search !== '' || hash !== '') return 'must have neither query nor fragment'
  return `${pathname}/`.includes(`${WELL_KNOWN}/`)
    ? undefined
    : `must have ${WELL_KNOWN} in its path`
}

/**
 * Answers requests for the metadata, which need no token; others it leaves alone. The resource is the
 * address without the well-known part.
 *
 * @see RFC 9728 §3
 */
export function metadataAnswerer(
  resource: ProtectedResource,
): (exchange: Exchange) => Answer | undefined {
  const { pathname } = new URL(resource.metadataUrl)
  const answer: Answer = {
    kind: 'exit',
    status: 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'public, max-age=300',
      // Clients in browsers read it before they have a token.
      'access-control-allow-origin': '*',
    },
    body: JSON.stringify(metadata(resource)),
    reason: 'jwt: metadata of the protected resource',
  }
  return ({ request: { method, path } }) =>
    path === pathname && (method === 'GET' || method === 'HEAD') ? answer : undefined
}

/** @see RFC 9728 §2 */
function metadata({ metadataUrl, issuers, scopes, bearerMethods }: ProtectedResource): object {
  const url = new URL(metadataUrl)
  const at = `${url.pathname}/`.indexOf(`${WELL_KNOWN}/`)
  const path = url.pathname.slice(0, at) + url.pathname.slice(at + WELL_KNOWN.length)
  return {
    resource: `${url.origin}${path === '/' ? '' : path}`,
    ...(issuers.length > 0 && { authorization_servers: issuers.map(({ issuer }) => issuer) }),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: bearerMethods,
    ...possessionMetadata(issuers),
  }
}

function possessionMetadata(issuers: ProtectedResource['issuers']): object {
  const byKey = issuers.map(({ proof_of_possession_dpop: dpop }) => dpop)
  const byCertificate = issuers.map(({ proof_of_possession_mtls: mtls }) => mtls)
  return {
    ...(byKey.some((demand) => demand !== 'off') && {
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
      dpop_bound_access_tokens_required: byKey.every((demand) => demand === 'strict'),
    }),
    ...(byCertificate.some((demand) => demand !== 'off') && {
      tls_client_certificate_bound_access_tokens: true,
    }),
  }
}
