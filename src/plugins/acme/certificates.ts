import type { EntityLookup, NodeServices } from '../../plugin-kit/plugin.ts'
import type { HttpCaller } from '../../plugin-kit/http-caller.ts'
import { newPrivateKey } from './account-key.ts'
import { endsWithin } from './certificate-details.ts'
import type { CertificateKeeper, CertificatePair } from './certificate-keeper.ts'
import { certificateRequest } from './certificate-request.ts'
import { configuredAccountKey } from './configured-account-key.ts'
import { orderCertificate } from './order-certificate.ts'
import type { Config } from './schema.ts'
import type { AcmeStorage } from './storage.ts'
import {
  accountKey,
  backoffKey,
  challengeKey,
  LAST_RENEWAL_KEY,
  lockKey,
  RENEWAL_PREFIX,
} from './storage-keys.ts'

const DAY_SECONDS = 86_400
const LOCK_SECONDS = 30
const CHALLENGE_SECONDS = 3600
/** What authorities give; what counts in the end is what the certificate says. */
const LIFETIME_DAYS = 90

export interface CertificatesOptions {
  readonly config: Config
  readonly node: NodeServices
  readonly entities: EntityLookup
  readonly storage: AcmeStorage
  readonly keeper: CertificateKeeper
  readonly caller: HttpCaller
  readonly wait: (ms: number) => Promise<void>
}

/** The certificates of one configured instance: made, kept, renewed. */
export class Certificates {
  readonly #options: CertificatesOptions

  constructor(options: CertificatesOptions) {
    this.#options = options
  }

  load(host: string): Promise<CertificatePair | undefined> {
    return this.#options.keeper.load(host)
  }

  /** The answer to a challenge of the authority, if one is awaited. */
  challenge(token: string): Promise<string | undefined> {
    return this.#options.storage.get(challengeKey(token))
  }

  /**
   * Has a certificate made, and sees to it that it will be renewed.
   *
   * @param keyPem absent: a new one
   * @returns false when somebody else is at it
   * @throws when there is none, and for a while after that
   */
  async update(host: string, keyPem?: string): Promise<boolean> {
    const { storage, config } = this.#options
    await this.#refuseSoonAfterFailure(host)
    if (!(await storage.add(lockKey(host), 'placeholder', LOCK_SECONDS))) return false
    try {
      await this.#make(host, keyPem)
    } catch (error) {
      const seconds = config.fail_backoff_minutes * 60
      const until = this.#seconds() + seconds
      if (seconds > 0) await storage.set(backoffKey(host), String(until), seconds)
      await storage.delete(lockKey(host))
      throw error
    }
    // Without a database others may not have the certificate yet: the lock keeps them from asking.
    if (this.#options.keeper.isConfiguration) await storage.delete(lockKey(host))
    return true
  }

  async #refuseSoonAfterFailure(host: string): Promise<void> {
    const until = Number((await this.#options.storage.get(backoffKey(host))) ?? 0)
    const seconds = until - this.#seconds()
    if (seconds > 0)
      throw new Error(
        `please try again in ${seconds} seconds for host ${host} because of previous failure; this is configurable with config.fail_backoff_minutes`,
      )
  }

  async #make(host: string, keyPem: string | undefined): Promise<void> {
    const { config, storage, keeper, caller, wait } = this.#options
    const account = await this.#accountKey()
    const key = keyPem ?? (await newPrivateKey(config.cert_type, config.rsa_key_size))
    const { eab_kid: keyId, eab_hmac_key: hmacKey } = config
    const cert = await orderCertificate(
      {
        directoryUrls: directoryUrls(config.api_uri),
        email: config.account_email,
        accountKey: account,
        external: keyId === undefined || hmacKey === undefined ? undefined : { keyId, hmacKey },
        preferredChain: config.preferred_chain,
        caller,
        wait,
      },
      {
        host,
        request: await certificateRequest(host, key),
        publish: (token, answer) => storage.set(challengeKey(token), answer, CHALLENGE_SECONDS),
        withdraw: (token) => storage.delete(challengeKey(token)),
      },
    )
    await keeper.store(host, { cert, key })
    const expireAt = this.#seconds() + LIFETIME_DAYS * DAY_SECONDS
    await storage.set(RENEWAL_PREFIX + host, JSON.stringify({ host, expire_at: expireAt }))
  }

  /** Kept under the authority and the address, so that other instances have the same account. */
  async #accountKey(): Promise<string> {
    const { config, storage, entities } = this.#options
    const name = accountKey(config.api_uri, config.account_email)
    const text = await storage.get(name)
    if (text !== undefined) {
      const { key } = JSON.parse(text) as { readonly key?: string }
      if (typeof key === 'string') return key
    }
    const key = configuredAccountKey(config, entities) ?? (await newPrivateKey('rsa'))
    await storage.set(name, JSON.stringify({ key }))
    return key
  }

  async hosts(): Promise<readonly string[]> {
    const keys = await this.#options.storage.list(RENEWAL_PREFIX)
    return keys.map((key) => key.slice(RENEWAL_PREFIX.length))
  }

  /** Renews what ends soon. What fails is logged, and does not keep the others from it. */
  async renew(): Promise<void> {
    const { storage, node } = this.#options
    await storage.set(LAST_RENEWAL_KEY, new Date(node.now()).toISOString())
    for (const host of await this.hosts())
      try {
        await this.#renewIfDue(host)
      } catch (error) {
        node.log.error(`acme: cannot renew the certificate of ${host}`, error)
      }
  }

  async #renewIfDue(host: string): Promise<void> {
    const { config, storage, keeper, node } = this.#options
    const thresholdMs = config.renew_threshold_days * DAY_SECONDS * 1000
    const text = (await storage.get(RENEWAL_PREFIX + host)) ?? '{}'
    const { expire_at: expireAt = 0 } = JSON.parse(text) as { readonly expire_at?: number }
    if (expireAt * 1000 - thresholdMs > node.now()) return
    const pair = await keeper.load(host)
    if (pair === undefined) {
      node.log.warn(`acme: there is no certificate of ${host} any more, it is not renewed`)
      await storage.delete(RENEWAL_PREFIX + host)
      return
    }
    if (endsWithin(pair.cert, thresholdMs, node.now())) await this.update(host, pair.key)
  }

  #seconds(): number {
    return Math.floor(this.#options.node.now() / 1000)
  }
}

/** Older configurations name the authority alone; some authorities have their directory there. */
function directoryUrls(apiUri: string): readonly string[] {
  if (apiUri.endsWith('/directory')) return [apiUri]
  return [`${apiUri}${apiUri.endsWith('/') ? '' : '/'}directory`, apiUri]
}
