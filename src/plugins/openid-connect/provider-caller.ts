import { httpCaller, type ForwardProxy, type HttpCaller } from '../../plugin-kit/http-caller.ts'
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
    httpProxy: forwardProxy(config.http_proxy),
    httpsProxy: forwardProxy(config.https_proxy),
  })
}

function forwardProxy(text: string | undefined): ForwardProxy | undefined {
  if (text === undefined) return undefined
  const { hostname, port, protocol } = new URL(text)
  return {
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  }
}
