import { httpCaller, type ForwardProxy, type HttpCaller } from '../../plugin-kit/http-caller.ts'
import { bypassRule } from '../../plugin-kit/no-proxy.ts'
import type { CertificatePem } from '../../plugin-kit/plugin.ts'
import type { Config } from './schema.ts'

const KEEP_ALIVE_MS = 60_000

/**
 * Calls a provider as a configuration says.
 *
 * @param certificate that proves on the connection who the client is, where that is wanted
 */
export function callerOf(config: Config, certificate?: CertificatePem): HttpCaller {
  return httpCaller({
    timeoutMs: config.timeout,
    keepAliveMs: config.keepalive ? KEEP_ALIVE_MS : undefined,
    verifiesTls: certificate ? config.tls_client_auth_ssl_verify : config.ssl_verify,
    clientCertificate: certificate,
    httpProxy: forwardProxy(config.http_proxy, config.http_proxy_authorization),
    httpsProxy: forwardProxy(config.https_proxy, config.https_proxy_authorization),
    bypassesProxies: config.no_proxy === undefined ? undefined : bypassRule(config.no_proxy),
  })
}

/** @param authorization in place of what the URL has of it */
function forwardProxy(
  text: string | undefined,
  authorization: string | undefined,
): ForwardProxy | undefined {
  if (text === undefined) return undefined
  const { hostname, port, username, password } = new URL(text)
  const user = username === '' ? undefined : `${decoded(username)}:${decoded(password)}`
  return {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    authorization: authorization ?? (user && `Basic ${Buffer.from(user).toString('base64')}`),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A percent sign that stands for itself.
    return text
  }
}
