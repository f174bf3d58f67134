import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Entity, EntitySet } from '../entities/entity.ts'
import type { PluginCertificates } from './plugin-certificates.ts'

interface CertificateRow extends Entity {
  readonly cert: string
  readonly key: string
  readonly cert_alt: string | null
  readonly key_alt: string | null
}

interface SniRow extends Entity {
  readonly name: string
  readonly certificate: { readonly id: string }
}

export interface CertificateIndexOptions {
  readonly rules: () => SecureContextOptions
  readonly warn: (message: string) => void
  /** Asked for names that the configuration has no certificate for. */
  readonly elsewhere?: Pick<PluginCertificates, 'contextFor' | 'renew'>
}

/** The certificates of a configuration by the names clients ask for. */
export class CertificateIndex {
  readonly #options: CertificateIndexOptions
  #byName: ReadonlyMap<string, CertificateRow> = new Map()
  readonly #contexts = new Map<CertificateRow, SecureContext | undefined>()

  constructor(options: CertificateIndexOptions) {
    this.#options = options
  }

  /** Takes over the certificates of another configuration. */
  replace(entities: EntitySet): void {
    const rows = (entities['certificates'] ?? []) as readonly CertificateRow[]
    const certificates = new Map(rows.map((row) => [row.id, row]))
    const byName = new Map<string, CertificateRow>()
    for (const { name, certificate } of (entities['snis'] ?? []) as readonly SniRow[]) {
      const row = certificates.get(certificate.id)
      if (row !== undefined) byName.set(name.toLowerCase(), row)
    }
    this.#byName = byName
    this.#contexts.clear()
  }

  /** Has contexts made anew, under changed rules. */
  renew(): void {
    this.#contexts.clear()
    this.#options.elsewhere?.renew()
  }

  /** The name itself, then with its first label as `*`, then with its last one, then `*`. */
  contextFor(serverName: string): SecureContext | undefined | Promise<SecureContext | undefined> {
    const row = this.#rowFor(serverName)
    return row === undefined
      ? this.#options.elsewhere?.contextFor(serverName)
      : this.#contextOf(row)
  }

  #rowFor(serverName: string): CertificateRow | undefined {
    if (this.#byName.size === 0) return undefined
    const name = serverName.toLowerCase().replace(/\.$/, '')
    const candidates = [name, name.replace(/^[^.]+/, '*'), name.replace(/[^.]+$/, '*'), '*']
    for (const candidate of candidates) {
      const row = this.#byName.get(candidate)
      if (row !== undefined) return row
    }
    return undefined
  }

  #contextOf(row: CertificateRow): SecureContext | undefined {
    if (!this.#contexts.has(row)) this.#contexts.set(row, this.#make(row))
    return this.#contexts.get(row)
  }

  #make(row: CertificateRow): SecureContext | undefined {
    const alternative = row.cert_alt && row.key_alt ? [row.cert_alt, row.key_alt] : undefined
    try {
      return createSecureContext({
        ...this.#options.rules(),
        cert: alternative ? [row.cert, alternative[0]!] : row.cert,
        key: alternative ? [row.key, alternative[1]!] : row.key,
      })
    } catch (error) {
      this.#options.warn(`Cannot use certificate ${row.id}: ${(error as Error).message}`)
      return undefined
    }
  }
}
