import type { SecureContextOptions } from 'node:tls'
import type { Settings } from '../settings/settings.ts'

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

/** Protocols and ciphers of TLS listeners. */
export function tlsRules(settings: Settings): SecureContextOptions {
  const suite = SUITES[settings.ssl_cipher_suite] ?? customSuite(settings)
  const { minVersion, maxVersion, ciphers, prefersServerOrder } = suite
  return {
    minVersion,
    maxVersion,
    ...(ciphers && { ciphers }),
    honorCipherOrder: prefersServerOrder,
    dhparam: 'auto',
  }
}

function customSuite(settings: Settings): CipherSuite {
  const versions = VERSIONS.filter((version) =>
    settings.ssl_protocols.split(/\s+/).includes(version),
  )
  return {
    minVersion: (versions[0] ?? 'TLSv1.2') as CipherSuite['minVersion'],
    maxVersion: (versions.at(-1) ?? 'TLSv1.3') as CipherSuite['maxVersion'],
    ...(settings.ssl_ciphers && { ciphers: `${TLS13}:${settings.ssl_ciphers}` }),
    prefersServerOrder: settings.ssl_prefer_server_ciphers === 'on',
  }
}
