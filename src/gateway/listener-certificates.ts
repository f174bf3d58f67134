import { X509Certificate, createPrivateKey } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Listener } from '../settings/listener.ts'
import type { Settings } from '../settings/settings.ts'
import { prefixLayout } from './prefix-layout.ts'
import { selfSignedCertificate } from './self-signed-certificate.ts'
import { StartFault } from './start-fault.ts'
import { checkTlsRules } from './tls-rules.ts'

/** PEM texts. */
export interface CertificatePem {
  readonly certificate: string
  readonly key: string
}

/** What each server shows clients that ask for no name, or for one nobody has a certificate for. */
export interface ListenerCertificates {
  readonly proxy: readonly CertificatePem[]
  readonly admin: readonly CertificatePem[]
  readonly status: readonly CertificatePem[]
  readonly console: readonly CertificatePem[]
}

const SERVERS = {
  proxy: { property: 'ssl_cert', filePrefix: '' },
  admin: { property: 'admin_ssl_cert', filePrefix: 'admin-' },
  status: { property: 'status_ssl_cert', filePrefix: 'status-' },
  console: { property: 'admin_gui_ssl_cert', filePrefix: 'admin-gui-' },
} as const

/**
 * Reads the certificates of all servers with TLS listeners, and makes those that are neither
 * configured nor there from an earlier start.
 *
 * @throws {StartFault} when one cannot be read
 */
export async function listenerCertificates(settings: Settings): Promise<ListenerCertificates> {
  const certificates = { proxy: [], admin: [], status: [], console: [] } as {
    -readonly [Server in keyof ListenerCertificates]: readonly CertificatePem[]
  }
  if (settings.listeners.proxy.some(({ ssl }) => ssl)) checkTlsRules(settings)
  for (const server of Object.keys(SERVERS) as (keyof ListenerCertificates)[]) {
    if (!listenersOf(server, settings).some(({ ssl }) => ssl)) continue
    const { property, filePrefix } = SERVERS[server]
    const configured = settings[property]
    certificates[server] =
      configured.length > 0
        ? configured.map((source, index) =>
            readPair(property, source, settings[`${property}_key`][index] ?? ''),
          )
        : await defaultPairs(settings.prefix, filePrefix)
  }
  return certificates
}

/** Streams show the certificates of the proxy. */
function listenersOf(
  server: keyof ListenerCertificates,
  { listeners }: Settings,
): readonly Listener[] {
  return server === 'proxy' ? [...listeners.proxy, ...listeners.stream] : listeners[server]
}

/**
 * A certificate and its key, each a file, PEM text, or PEM text in base64.
 *
 * @throws {StartFault} when they cannot be read, or do not belong together
 */
export function readPair(property: string, source: string, keySource: string): CertificatePem {
  const pair = {
    certificate: pemOf(property, source),
    key: pemOf(`${property}_key`, keySource),
  }
  try {
    const certificate = new X509Certificate(pair.certificate)
    if (certificate.checkPrivateKey(createPrivateKey(pair.key))) return pair
  } catch (cause) {
    throw new StartFault(`${property}: failed loading certificate from ${shortName(source)}`, {
      cause,
    })
  }
  throw new StartFault(
    `${property}: the certificate ${shortName(source)} and its key ${property}_key do not belong together`,
  )
}

/** @param source a file, PEM text, or PEM text in base64 */
function pemOf(property: string, source: string): string {
  if (source.includes('-----BEGIN')) return source
  if (existsSync(source)) return readFileSync(source, 'utf8')
  const decoded = Buffer.from(source, 'base64').toString()
  if (decoded.includes('-----BEGIN')) return decoded
  const kind = property.endsWith('_key') ? 'key' : 'certificate'
  throw new StartFault(`${property}: failed loading ${kind} from ${shortName(source)}`)
}

/** A key pasted in place of a path must not end up in a message. */
function shortName(source: string): string {
  return source.startsWith('/') && source.length < 256 ? source : `${source.slice(0, 12)}…`
}

async function defaultPairs(
  prefix: string,
  filePrefix: string,
): Promise<readonly CertificatePem[]> {
  const pairs: CertificatePem[] = []
  for (const [kind, suffix] of [
    ['rsa', ''],
    ['ecdsa', '-ecdsa'],
  ] as const) {
    const base = path.join(prefixLayout(prefix).certificates, `${filePrefix}kong-default${suffix}`)
    pairs.push(await keptPair(kind, base))
  }
  return pairs
}

async function keptPair(kind: 'rsa' | 'ecdsa', base: string): Promise<CertificatePem> {
  const files = { certificate: `${base}.crt`, key: `${base}.key` }
  if (existsSync(files.certificate) && existsSync(files.key))
    return {
      certificate: readFileSync(files.certificate, 'utf8'),
      key: readFileSync(files.key, 'utf8'),
    }
  const pair = await selfSignedCertificate(kind)
  writeFileSync(files.certificate, pair.certificate)
  writeFileSync(files.key, pair.key, { mode: 0o600 })
  return pair
}
