import { readFileSync } from 'node:fs'
import type { Settings } from '../settings/settings.ts'
import type { UpstreamTlsDefaults } from '../snapshot/upstream-tls.ts'
import { readPair } from './listener-certificates.ts'
import { StartFault } from './start-fault.ts'

/**
 * What services that do not say so themselves show to upstreams, and whom they trust.
 *
 * @throws {StartFault} when a certificate, key or list of authorities cannot be read
 */
export function upstreamTlsDefaults(settings: Settings): UpstreamTlsDefaults {
  const { client_ssl, client_ssl_cert, client_ssl_cert_key } = settings
  const pair = client_ssl
    ? readPair('client_ssl_cert', client_ssl_cert ?? '', client_ssl_cert_key ?? '')
    : undefined
  return {
    ca: trustedOf(settings),
    certificate: pair && { cert: pair.certificate, key: pair.key },
  }
}

const TRUSTED = 'nginx_proxy_proxy_ssl_trusted_certificate'

function trustedOf(settings: Settings): readonly string[] {
  const file = settings[TRUSTED]
  if (!file) return []
  try {
    return [readFileSync(file, 'utf8')]
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new StartFault(`${TRUSTED}: cannot read ${file}: ${code}; name a readable PEM file`, {
      cause,
    })
  }
}
