import { discoverPlace } from './discover.ts'
import { fetchDocument, type FetchPolicy } from './fetch-document.ts'
import { readKeySet, type TrustedKey } from './key-set.ts'
import type { SharedKeySets } from './shared-key-sets.ts'
import type { PluginLog } from '../plugin.ts'

/** Where an issuer's keys are, and how to deal with it. Two that are equal share one source. */
export interface KeySourceOptions extends FetchPolicy {
  /** A key set, or an issuer that says where its key set is. */
  readonly from:
    | { readonly kind: 'jwks'; readonly uri: string }
    | { readonly kind: 'discovery'; readonly issuer: string }
  /** How long a key set is good where its server does not say. */
  readonly ttlSeconds: number
  /** How long it goes on to be used after that, while no new one can be had. */
  readonly staleSeconds: number
}

/** Keys of one issuer, as they are now. */
export interface KeyProvider {
  /** Some of them may have reached their end: see {@link TrustedKey.usableUntil}. */
  readonly keys: readonly TrustedKey[]
  /**
   * Asks for the keys once more, since one is missing. Whoever sends tokens decides how often this is
   * called: there is one answer for all who ask at the same time, and none at all when a question
   * would be too soon, or the same as one before.
   *
   * @param kid of the key that is missing, if it has a name
   * @returns whether the keys may be others now, perhaps after a wait
   */
  renew(kid: string | undefined): boolean | Promise<boolean>
  /** The instance that used it does no longer. */
  release(): void
}

interface Dependencies {
  readonly shared: SharedKeySets
  readonly log: PluginLog
  /** Unix time in ms. */
  readonly now: () => number
}

const MIN_LIFETIME_SECONDS = 30
const MAX_LIFETIME_SECONDS = 86_400
/** A set is asked for anew when so much of its life has passed. */
const REFRESH_AT = 0.8
/** Tokens with unknown keys make no more requests than one in this time. */
const MIN_INTERVAL_MS = 5000
const FIRST_RETRY_MS = 1000
const MAX_RETRY_MS = 300_000
/** What other workers have found out is looked for so often. */
const LOOK_EVERY_MS = 5000
const WAIT_FOR_OTHERS_MS = 25
const ABSENT = { forMs: 30_000, kids: 1000 }
/** A place that was discovered holds for so long, unless it stops to answer. */
const DISCOVERED_FOR_MS = 3_600_000
/** Discovery may take two requests, and then comes the key set. */
const REQUESTS_AT_MOST = 3

/**
 * The key set of one issuer, held by a worker and kept fresh in the background. Of all workers one
 * fetches, the others take over what it got. A set that cannot be had, or that is none, changes
 * nothing: the last good one serves on until it is too old.
 */
export class KeySource {
  keys: readonly TrustedKey[] = []
  readonly #options: KeySourceOptions
  readonly #parts: Dependencies
  /** Number of the state that was taken over last. */
  #serial = 0
  #text = ''
  /** By the text of a key, so that a key that stays is the same object. */
  #known = new Map<string, TrustedKey>()
  #flight: Promise<boolean> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #discovered: { readonly uri: URL; readonly atMs: number } | undefined
  readonly #absent = new Map<string, number>()

  constructor(options: KeySourceOptions, parts: Dependencies) {
    this.#options = options
    this.#parts = parts
  }

  /** Begins to keep the keys fresh. */
  start(): void {
    this.#tick()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  renew(kid: string | undefined): boolean | Promise<boolean> {
    if (this.#flight !== undefined) return this.#flight
    const now = this.#parts.now()
    if (kid !== undefined && (this.#absent.get(kid) ?? 0) > now) return false
    if (this.#takeOver()) return true
    if (now < this.#parts.shared.state().nextTryAtMs) return false
    return this.refresh().then((isChanged) => {
      if (kid !== undefined && !this.keys.some((key) => key.kid === kid)) this.#noteAbsent(kid, now)
      return isChanged
    })
  }

  /** Fetches the set, or waits for the worker that does. @returns whether there is another one now */
  refresh(): Promise<boolean> {
    this.#flight ??= this.#fetchOrWait().finally(() => (this.#flight = undefined))
    return this.#flight
  }

  #noteAbsent(kid: string, now: number): void {
    if (this.#absent.size >= ABSENT.kids) this.#absent.clear()
    this.#absent.set(kid, now + ABSENT.forMs)
  }

  /** Looks after the keys, now and then again. */
  #tick(): void {
    const { now, shared, log } = this.#parts
    this.#takeOver()
    const due = shared.state().refreshAtMs
    if (now() < due) return this.#tickLater()
    // Whatever an issuer does is dealt with where it is fetched: what comes here is a bug.
    this.refresh()
      .catch((error: unknown) => log.error(`Cannot refresh ${this.#place}`, error))
      .finally(() => this.#tickLater())
  }

  #tickLater(): void {
    if (this.#isClosed) return
    const { now, shared } = this.#parts
    const wait = shared.state().refreshAtMs - now()
    const delay = Math.min(Math.max(wait, WAIT_FOR_OTHERS_MS), LOOK_EVERY_MS)
    this.#timer = setTimeout(() => this.#tick(), delay).unref()
  }

  async #fetchOrWait(): Promise<boolean> {
    const { shared, now } = this.#parts
    const lockMs = this.#options.timeoutMs * REQUESTS_AT_MOST + 1000
    const before = shared.state().serial
    const giveUpAt = now() + lockMs * 2
    do {
      if (shared.mayWrite(before + 1, lockMs)) {
        await this.#fetch(before + 1)
        return this.#takeOver()
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT_FOR_OTHERS_MS))
    } while (shared.state().serial === before && now() < giveUpAt)
    return this.#takeOver()
  }

  async #fetch(serial: number): Promise<void> {
    const { shared, log, now } = this.#parts
    const before = shared.state()
    try {
      const { text, maxAgeSeconds } = await this.#fetchSet()
      for (const warning of readKeySet(JSON.parse(text), false).warnings)
        if (text !== this.#text) log.warn(`${this.#place}: ${warning}`)
      const lifetimeMs = this.#lifetimeMs(maxAgeSeconds)
      const fetchedAtMs = now()
      shared.write(
        {
          serial,
          fetchedAtMs,
          refreshAtMs: fetchedAtMs + lifetimeMs * REFRESH_AT,
          nextTryAtMs: fetchedAtMs + MIN_INTERVAL_MS,
          usableUntilMs: fetchedAtMs + lifetimeMs + this.#options.staleSeconds * 1000,
          failures: 0,
        },
        text,
      )
      if (before.failures > 0) log.notice(`${this.#place} can be had again`)
    } catch (error) {
      const failures = before.failures + 1
      const retryAtMs = now() + Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS)
      shared.write({ ...before, serial, failures, refreshAtMs: retryAtMs, nextTryAtMs: retryAtMs })
      this.#discovered = undefined
      // Once is enough for those who read logs; that it is over is said as well.
      const message = `Cannot get ${this.#place}: ${(error as Error).message}`
      if (failures === 1) log.warn(message)
      else log.info(message)
    }
  }

  async #fetchSet(): Promise<{ text: string; maxAgeSeconds: number | undefined }> {
    return fetchDocument(await this.#location(), this.#options)
  }

  async #location(): Promise<URL> {
    const { from } = this.#options
    if (from.kind === 'jwks') return new URL(from.uri)
    const now = this.#parts.now()
    const known = this.#discovered
    if (known !== undefined && now - known.atMs < DISCOVERED_FOR_MS) return known.uri
    const uri = await discoverPlace(from.issuer, 'jwks_uri', this.#options)
    this.#discovered = { uri, atMs: now }
    return uri
  }

  #lifetimeMs(maxAgeSeconds: number | undefined): number {
    const seconds = maxAgeSeconds ?? this.#options.ttlSeconds
    return Math.min(Math.max(seconds, MIN_LIFETIME_SECONDS), MAX_LIFETIME_SECONDS) * 1000
  }

  /** Takes what this or another worker has got. @returns whether these are other keys than before */
  #takeOver(): boolean {
    const { shared } = this.#parts
    const { serial, usableUntilMs } = shared.state()
    if (serial === this.#serial) return false
    const text = shared.text()
    this.#serial = serial
    if (text === undefined) return false
    const isChanged = text !== this.#text
    if (isChanged) this.#replace(text)
    for (const key of this.keys) key.usableUntil = Math.floor(usableUntilMs / 1000)
    return isChanged
  }

  /** Keys that are no longer in the set end now, whoever still holds them. */
  #replace(text: string): void {
    const read = readKeySet(JSON.parse(text), false).keys
    const next = new Map(
      read.map(({ text: jwk, kid, alg, key }): [string, TrustedKey] => [
        jwk,
        this.#known.get(jwk) ?? { kid, alg, key, usableUntil: 0 },
      ]),
    )
    for (const [jwk, key] of this.#known) if (!next.has(jwk)) key.usableUntil = 0
    this.#known = next
    this.keys = [...next.values()]
    this.#text = text
    this.#absent.clear()
  }

  /** For logs; queries may hold secrets. */
  get #place(): string {
    const { from } = this.#options
    if (from.kind === 'discovery') return `the keys of ${from.issuer}`
    const { origin, pathname } = new URL(from.uri)
    return `the keys at ${origin}${pathname}`
  }
}
