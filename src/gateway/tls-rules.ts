import { constants } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { Settings } from '../settings/settings.ts'
import { parseDuration } from '../settings/size.ts'
import { StartFault } from './start-fault.ts'

interface CipherSuite {
  readonly minVersion: 'TLSv1' | 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion: 'TLSv1.3'
  /** In OpenSSL's form; absent: those of TLS 1.3 alone. */
  readonly ciphers?: string
  readonly prefersServerOrder: boolean
}

const TLS13 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256'

/** @see Mozilla, Server Side TLS 5.7, which the first three follow */
const SUITES: Readonly<Record<string, CipherSuite>> = {
  modern: { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', prefersServerOrder: false },
  intermediate: {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: `${TLS13}:${[
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-RSA-CHACHA20-POLY1305',
      'DHE-RSA-AES128-GCM-SHA256',
      'DHE-RSA-AES256-GCM-SHA384',
      'DHE-RSA-CHACHA20-POLY1305',
    ].join(':')}`,
    prefersServerOrder: false,
  },
  old: {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.3',
    // Below security level 1 OpenSSL refuses what TLS 1.0 and 1.1 need.
    ciphers: `${TLS13}:HIGH:!aNULL:!MD5:@SECLEVEL=0`,
    prefersServerOrder: true,
  },
  fips: {
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: `TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:${[
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-GCM-SHA256',
    ].join(':')}`,
    prefersServerOrder: true,
  },
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

/** Sessions of one listener are not those of another program on this machine. */
const SESSION_CONTEXT = 'portunus proxy'

/**
 * Protocols, ciphers and session rules of proxy listeners with TLS.
 *
 * @param ticketKeys absent: each context makes its own
 */
export function tlsRules(settings: Settings, ticketKeys?: Buffer): SecureContextOptions {
  const suite = SUITES[settings.ssl_cipher_suite] ?? customSuite(settings)
  const { minVersion, maxVersion, ciphers, prefersServerOrder } = suite
  const authorities = settings.nginx_proxy_ssl_client_certificate
  return {
    minVersion,
    maxVersion,
    ...(ciphers && { ciphers }),
    honorCipherOrder: prefersServerOrder,
    dhparam: dhParameters(settings.ssl_dhparam),
    sessionIdContext: SESSION_CONTEXT,
    sessionTimeout: sessionSeconds(settings),
    ...(ticketKeys && { ticketKeys }),
    ...(settings.ssl_session_tickets === 'off' && { secureOptions: constants.SSL_OP_NO_TICKET }),
    // Clients are never vouched for by the authorities that Node knows, which it would read without any.
    ca: authorities ? readFileSync(authorities, 'utf8') : [],
  }
}

/** How long a session may be taken up again. */
export function sessionSeconds({ ssl_session_timeout: timeout }: Settings): number {
  return Math.floor(parseDuration(timeout)! / 1000)
}

/** OpenSSL picks a group of RFC 7919 by the strength of the certificate, whichever of them is named. */
const NAMED_GROUP = /^ffdhe\d+$/

const DH_PARAMETERS = '-----BEGIN DH PARAMETERS-----'

function dhParameters(source: string | undefined): string {
  if (!source || NAMED_GROUP.test(source)) return 'auto'
  return existsSync(source) ? readFileSync(source, 'utf8') : source
}

/** @throws {StartFault} naming the property that TLS cannot be spoken with */
export function checkTlsRules(settings: Settings): void {
  if (SUITES[settings.ssl_cipher_suite] === undefined) {
    const odd = protocolsOf(settings).find((version) => !KNOWN_PROTOCOLS.has(version))
    if (odd !== undefined || customVersions(settings).length === 0)
      throw new StartFault(
        `ssl_protocols has an invalid value: '${settings.ssl_protocols}' (of ${VERSIONS.join(', ')})`,
      )
  }
  const { ca, ...rules } = tlsRules(settings)
  const dhparam = dhParameters(settings.ssl_dhparam)
  tryContext(rules, settings.ssl_ciphers ? 'ssl_ciphers' : 'ssl_cipher_suite')
  // OpenSSL's complaints about these are passed over by Node.
  if (dhparam !== 'auto' && !dhparam.includes(DH_PARAMETERS))
    throw new StartFault(`ssl_dhparam: no DH parameters in PEM form at ${settings.ssl_dhparam}`)
  tryContext({ dhparam }, 'ssl_dhparam')
  tryContext({ ca }, 'nginx_proxy_ssl_client_certificate')
}

function tryContext(options: SecureContextOptions, property: string): void {
  try {
    createSecureContext({ ca: [], ...options })
  } catch (cause) {
    throw new StartFault(`${property} cannot be used: ${(cause as Error).message}`, { cause })
  }
}

/** Those of nginx; the first two are long gone from OpenSSL, and passed over. */
const KNOWN_PROTOCOLS: ReadonlySet<string> = new Set(['SSLv2', 'SSLv3', ...VERSIONS])

function protocolsOf({ ssl_protocols }: Settings): readonly string[] {
  return ssl_protocols.split(/\s+/).filter((version) => version !== '')
}

function customVersions(settings: Settings): readonly (typeof VERSIONS)[number][] {
  const named = protocolsOf(settings)
  return VERSIONS.filter((version) => named.includes(version))
}

function customSuite(settings: Settings): CipherSuite {
  const versions = customVersions(settings)
  return {
    minVersion: (versions[0] ?? 'TLSv1.2') as CipherSuite['minVersion'],
    maxVersion: (versions.at(-1) ?? 'TLSv1.3') as CipherSuite['maxVersion'],
    ...(settings.ssl_ciphers && { ciphers: `${TLS13}:${settings.ssl_ciphers}` }),
    prefersServerOrder: settings.ssl_prefer_server_ciphers === 'on',
  }
}
