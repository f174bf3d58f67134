import type { ClientRequest } from './exchange.ts'

/**
 * Scheme, host and port under which the client reaches the gateway. What a proxy in front says
 * counts where that proxy is trusted; else the client's own `Host` does, with the port that the
 * client sees.
 */
export function ownOrigin(request: ClientRequest): string {
  const { forwardedScheme: scheme, forwardedHost: host, forwardedPort: port } = request
  const sent = request.header('host')
  if (host === request.host && sent !== undefined) return `${scheme}://${sent}`
  const isDefault = port === (scheme === 'https' ? 443 : 80)
  return `${scheme}://${host}${isDefault ? '' : `:${port}`}`
}

/**
 * The URL of a path of this gateway. It is put behind the origin as text, so that a path such as
 * `//elsewhere` cannot lead elsewhere.
 */
export function ownUrl(request: ClientRequest, pathAndQuery: string): string {
  return `${ownOrigin(request)}${pathAndQuery.startsWith('/') ? '' : '/'}${pathAndQuery}`
}
