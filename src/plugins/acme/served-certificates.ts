import type { CertificatePem, PluginLog } from '../../plugin-kit/plugin.ts'
import type { Certificates } from './certificates.ts'
import type { DomainRule } from './domains.ts'

/** What was found is not looked for again for so long, what was not found shortly. */
const FOUND_MS = 3_600_000
const MISSED_MS = 5000
/** Names that clients make up must not fill the memory. */
const MOST_NAMES = 10_000

interface Looked {
  readonly pem: CertificatePem | undefined
  readonly untilMs: number
}

/**
 * The certificates for names that clients ask for in the handshake. One that is not there is asked
 * for at the authority; that client, and those until it is there, get the default certificate.
 */
export class ServedCertificates {
  readonly #certificates: Certificates
  readonly #allows: DomainRule
  readonly #log: PluginLog
  readonly #now: () => number
  readonly #looked = new Map<string, Looked>()

  constructor(options: {
    readonly certificates: Certificates
    readonly allows: DomainRule
    readonly log: PluginLog
    readonly now: () => number
  }) {
    this.#certificates = options.certificates
    this.#allows = options.allows
    this.#log = options.log
    this.#now = options.now
  }

  get(serverName: string): CertificatePem | undefined | Promise<CertificatePem | undefined> {
    const host = serverName.toLowerCase()
    if (!this.#allows(host)) return undefined
    const looked = this.#looked.get(host)
    if (looked !== undefined && looked.untilMs > this.#now()) return looked.pem
    return this.#look(host)
  }

  async #look(host: string): Promise<CertificatePem | undefined> {
    let pem: CertificatePem | undefined
    try {
      const pair = await this.#certificates.load(host)
      pem = pair && { certificate: pair.cert, key: pair.key }
      if (pair === undefined) this.#ask(host)
    } catch (error) {
      this.#log.warn(`acme: cannot load the certificate of ${host}: ${(error as Error).message}`)
    }
    if (this.#looked.size >= MOST_NAMES) this.#looked.clear()
    const untilMs = this.#now() + (pem === undefined ? MISSED_MS : FOUND_MS)
    this.#looked.set(host, { pem, untilMs })
    return pem
  }

  /** The handshake does not wait: an authority takes seconds. */
  #ask(host: string): void {
    this.#certificates
      .update(host)
      .then((isMade) => {
        if (isMade) this.#looked.delete(host)
      })
      .catch((error: unknown) =>
        this.#log.error(`acme: cannot make a certificate for ${host}`, error),
      )
  }
}
