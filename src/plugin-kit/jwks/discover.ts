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

/** What issuers say where it is, and how people call it. */
const PLACES = { jwks_uri: 'keys', introspection_endpoint: 'introspection endpoint' } as const

/**
 * Asks an issuer where something of it is.
 *
 * @throws {Error} when it does not say, or says it of another issuer
 */
export async function discoverPlace(
  issuer: string,
  member: keyof typeof PLACES,
  policy: FetchPolicy,
): Promise<URL> {
  let fault: unknown
  for (const url of discoveryUrls(issuer))
    try {
      const { text } = await fetchDocument(url, policy)
      return placeIn(text, issuer, member)
    } catch (error) {
      fault ??= error
      // Only a server that says it has nothing there may have it at the other place.
      if (!(error instanceof StatusFault)) break
    }
  throw new Error(
    `Cannot discover the ${PLACES[member]} of ${issuer}: ${(fault as Error).message}`,
    {
      cause: fault,
    },
  )
}

function placeIn(text: string, issuer: string, member: keyof typeof PLACES): URL {
  const metadata = JSON.parse(text) as unknown
  if (!isJsonObject(metadata)) throw new Error('its metadata is not an object')
  // Otherwise anybody could publish metadata that names somebody else's keys. RFC 8414 §3.3
  if (metadata['issuer'] !== issuer)
    throw new Error(`its metadata is of the issuer ${JSON.stringify(metadata['issuer'])}`)
  const place = metadata[member]
  if (typeof place !== 'string' || !URL.canParse(place))
    throw new Error(`its metadata has no ${member} that is a URL`)
  return new URL(place)
}
