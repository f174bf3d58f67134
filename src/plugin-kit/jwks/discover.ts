import { isJsonObject } from '../../base/json.ts'
import { fetchDocument, StatusFault, type FetchPolicy } from './fetch-document.ts'

/**
 * Where an issuer says that it publishes itself: as an OpenID provider first, then as an OAuth
 * authorization server.
 *
 * @see OpenID Connect Discovery 1.0 §4, RFC 8414 §3
 */
export function discoveryUrls(issuer: string): readonly URL[] {
  const openid = new URL(issuer)
  const oauth = new URL(issuer)
  const path = openid.pathname.replace(/\/$/, '')
  openid.pathname = `${path}/.well-known/openid-configuration`
  oauth.pathname = `/.well-known/oauth-authorization-server${path}`
  return [openid, oauth]
}

/**
 * Asks an issuer where its keys are.
 *
 * @throws {Error} when it does not say, or says it of another issuer
 */
export async function discoverKeys(issuer: string, policy: FetchPolicy): Promise<URL> {
  let fault: unknown
  for (const url of discoveryUrls(issuer))
    try {
      const { text } = await fetchDocument(url, policy)
      return jwksUriIn(text, issuer)
    } catch (error) {
      fault ??= error
      // Only a server that says it has nothing there may have it at the other place.
      if (!(error instanceof StatusFault)) break
    }
  throw new Error(`Cannot discover the keys of ${issuer}: ${(fault as Error).message}`, {
    cause: fault,
  })
}

function jwksUriIn(text: string, issuer: string): URL {
  const metadata = JSON.parse(text) as unknown
  if (!isJsonObject(metadata)) throw new Error('its metadata is not an object')
  // Otherwise anybody could publish metadata that names somebody else's keys. RFC 8414 §3.3
  if (metadata['issuer'] !== issuer)
    throw new Error(`its metadata is of the issuer ${JSON.stringify(metadata['issuer'])}`)
  const { jwks_uri: uri } = metadata
  if (typeof uri !== 'string' || !URL.canParse(uri))
    throw new Error('its metadata has no jwks_uri that is a URL')
  return new URL(uri)
}
