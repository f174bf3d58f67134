import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isVaultReference } from '../schema/vault-reference.ts'
import type { PropertyName } from './properties.ts'
import type { Settings } from './settings.ts'

interface Problem {
  readonly property: PropertyName
  readonly message: string
}

type FileExists = (path: string) => boolean

const SERVERS = [
  ['ssl_cert', 'ssl_cert_key', ['proxy', 'stream']],
  ['admin_ssl_cert', 'admin_ssl_cert_key', ['admin']],
  ['admin_gui_ssl_cert', 'admin_gui_ssl_cert_key', ['console']],
  ['status_ssl_cert', 'status_ssl_cert_key', ['status']],
] as const

/**
 * Certificates without keys, keys without certificates, and either that is neither a file nor a
 * text that can be read. What files hold is looked at when they are used.
 */
export function certificateSourceProblems(
  settings: Settings,
  fileExists: FileExists,
): readonly Problem[] {
  const problems: Problem[] = []
  for (const [certificate, key, servers] of SERVERS) {
    if (!servers.some((server) => settings.listeners[server].some(({ ssl }) => ssl))) continue
    const [certificates, keys] = [settings[certificate], settings[key]]
    problems.push(
      ...pairProblems(certificate, certificates, keys),
      ...unreadable(certificate, certificates, fileExists),
      ...unreadable(key, keys, fileExists),
    )
  }
  if (settings.client_ssl) problems.push(...clientProblems(settings, fileExists))
  return [
    ...problems,
    ...unreadable(
      'lua_ssl_trusted_certificate',
      settings.lua_ssl_trusted_certificate.filter((source) => source !== 'system'),
      fileExists,
    ),
  ]
}

type CertificateProperty = (typeof SERVERS)[number][0]

function pairProblems(
  certificate: CertificateProperty,
  certificates: readonly string[],
  keys: readonly string[],
): readonly Problem[] {
  const key = `${certificate}_key` as const
  if (certificates.length === keys.length) return []
  if (keys.length === 0) return [{ property: key, message: `${key} must be specified` }]
  if (certificates.length === 0)
    return [{ property: certificate, message: `${certificate} must be specified` }]
  return [
    {
      property: certificate,
      message: `${certificate} was specified ${certificates.length} times while ${key} was specified ${keys.length} times`,
    },
  ]
}

function clientProblems(
  { client_ssl_cert: certificate, client_ssl_cert_key: key }: Settings,
  fileExists: FileExists,
): readonly Problem[] {
  const missing = certificate ? 'client_ssl_cert_key' : 'client_ssl_cert'
  return [
    ...(!certificate === !key
      ? []
      : [{ property: missing, message: `${missing} must be specified` } as const]),
    ...unreadable('client_ssl_cert', certificate ? [certificate] : [], fileExists),
    ...unreadable('client_ssl_cert_key', key ? [key] : [], fileExists),
  ]
}

function unreadable(
  property: PropertyName,
  sources: readonly string[],
  fileExists: FileExists,
): readonly Problem[] {
  const isKey = property.endsWith('_key')
  const what = isKey ? 'key' : 'certificate'
  return sources
    .filter((source) => !isVaultReference(source) && !fileExists(source))
    .filter((source) => !isReadable(source, isKey))
    .map((source) => ({
      property,
      message: `${property}: failed loading ${what} from ${shown(source)}`,
    }))
}

function isReadable(source: string, isKey: boolean): boolean {
  const pem = source.includes('-----BEGIN') ? source : Buffer.from(source, 'base64').toString()
  try {
    return (isKey ? createPrivateKey(pem) : new X509Certificate(pem)) !== undefined
  } catch {
    return false
  }
}

const LONGEST_PATH = 256

/** Names of files are shown; what may be a key itself is not. */
function shown(source: string): string {
  return source.length <= LONGEST_PATH && !source.includes('-----BEGIN') ? source : 'its text'
}
