import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { CertificatePem } from '../plugin-kit/plugin.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Instance } from '../snapshot/chain.ts'

export interface PluginCertificatesOptions {
  readonly serving: () => Snapshot
  readonly rules: () => SecureContextOptions
  readonly warn: (message: string) => void
}

/** Plugins may have very many; contexts are made anew for those that were left out. */
const MOST_CONTEXTS = 1000

/** The certificates that global plugins have for names that the configuration knows none for. */
export class PluginCertificates {
  readonly #options: PluginCertificatesOptions
  readonly #contexts = new Map<string, SecureContext | undefined>()
  readonly #asked = new WeakMap<readonly Instance[], readonly Instance[]>()

  constructor(options: PluginCertificatesOptions) {
    this.#options = options
  }

  /** Has contexts made anew, under changed rules. */
  renew(): void {
    this.#contexts.clear()
  }

  contextFor(serverName: string): SecureContext | undefined | Promise<SecureContext | undefined> {
    const instances = this.#instances()
    return instances.length === 0 ? undefined : this.#ask(instances, serverName)
  }

  /** Those of the configuration that is served, looked through once. */
  #instances(): readonly Instance[] {
    const { all } = this.#options.serving().globalChain.collected
    let known = this.#asked.get(all)
    if (known === undefined) {
      known = all.filter(({ handlers }) => handlers.certificate !== undefined)
      this.#asked.set(all, known)
    }
    return known
  }

  async #ask(
    instances: readonly Instance[],
    serverName: string,
  ): Promise<SecureContext | undefined> {
    for (const { handlers, name } of instances)
      try {
        const pem = await handlers.certificate!(serverName)
        if (pem !== undefined) return this.#contextOf(pem, serverName)
      } catch (error) {
        const reason = (error as Error).message
        this.#options.warn(`Plugin "${name}" has no certificate for ${serverName}: ${reason}`)
      }
    return undefined
  }

  #contextOf({ certificate, key }: CertificatePem, serverName: string): SecureContext | undefined {
    const known = this.#contexts.get(certificate)
    if (known !== undefined) return known
    if (this.#contexts.size >= MOST_CONTEXTS) this.#contexts.clear()
    try {
      const context = createSecureContext({ ...this.#options.rules(), cert: certificate, key })
      this.#contexts.set(certificate, context)
      return context
    } catch (error) {
      const reason = (error as Error).message
      this.#options.warn(`Cannot use the certificate for ${serverName}: ${reason}`)
      return undefined
    }
  }
}
