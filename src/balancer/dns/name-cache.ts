import type { Clock } from '../clock.ts'
import type { QueryType } from './dns-message.ts'
import type { DnsSettings } from './dns-settings.ts'
import type { HostsEntry } from './hosts-file.ts'
import type { AddressRecordType, NameAnswer, Resolution } from './name-answer.ts'
import type { NameResolver } from './name-resolver.ts'
import { NAME_NOT_FOUND } from './record-query.ts'

/** An answer and until when it may be used without looking again. */
export interface KnownName {
  readonly answer: NameAnswer
  readonly freshUntilMs: number
}

/** Names and what they lead to, as far as known. */
export interface Names {
  /**
   * The answer at hand, be it expired: then it is renewed meanwhile. A promise only while there is
   * none, or when its TTL is 0. Never rejects.
   */
  lookup(name: string): KnownName | Promise<KnownName>
  /** As `lookup`, but waits for the renewal of an expired answer. */
  lookupFresh(name: string): KnownName | Promise<KnownName>
}

export interface NameCacheOptions {
  readonly settings: DnsSettings
  readonly hosts: ReadonlyMap<string, HostsEntry>
  readonly clock: Clock
  /** Types asked for: of the order, or `['A']`, …: those of addresses only. */
  readonly types: readonly QueryType[]
  readonly resolver: () => NameResolver
}

interface Entry {
  known: KnownName | undefined
  /** Until when an expired answer serves. */
  staleUntilMs: number
  pending: Promise<KnownName> | undefined
  /** Type that worked before. */
  lastType: AddressRecordType | undefined
}

/** Remembers answers, good and bad, for as long as they hold; one query at a time for a name. */
export class NameCache implements Names {
  readonly #options: NameCacheOptions
  readonly #entries = new Map<string, Entry>()
  readonly #remembersType: boolean

  constructor(options: NameCacheOptions) {
    this.#options = options
    this.#remembersType = options.settings.order.includes('LAST')
  }

  lookup(name: string): KnownName | Promise<KnownName> {
    const key = name.toLowerCase()
    const entry = this.#entries.get(key)
    if (entry?.known === undefined) return this.#fixed(key) ?? this.#renew(key)
    const now = this.#options.clock.nowMs()
    if (now < entry.known.freshUntilMs) return entry.known
    const renewal = this.#renew(key)
    if (now >= entry.staleUntilMs) return renewal
    // Detached: a renewal never rejects, and whoever comes next sees its outcome.
    void renewal
    return entry.known
  }

  lookupFresh(name: string): KnownName | Promise<KnownName> {
    const key = name.toLowerCase()
    const known = this.#entries.get(key)?.known
    if (known !== undefined && this.#options.clock.nowMs() < known.freshUntilMs) return known
    return this.#fixed(key) ?? this.#renew(key)
  }

  /** Names that no server is asked about: those of the hosts file, and names of special use. */
  #fixed(key: string): KnownName | undefined {
    const name = key.endsWith('.') ? key.slice(0, -1) : key
    const { hosts, types } = this.#options
    const isLoopback = name === 'localhost' || name.endsWith('.localhost')
    const entry = hosts.get(name) ?? (isLoopback ? hosts.get('localhost') : undefined)
    if (entry !== undefined)
      return { answer: ofHosts(name, entry, types), freshUntilMs: Number.POSITIVE_INFINITY }
    // RFC 6761 §6.4: such names never exist, and servers need not be bothered.
    const isInvalid = name === 'invalid' || name.endsWith('.invalid')
    // Whoever makes up longer names than there can be fills no memory with them.
    if (isInvalid || name.length > LONGEST_NAME)
      return { answer: NAME_NOT_FOUND, freshUntilMs: Number.POSITIVE_INFINITY }
    return undefined
  }

  #renew(key: string): Promise<KnownName> {
    let entry = this.#entries.get(key)
    if (entry?.pending !== undefined) return entry.pending
    entry ??= { known: undefined, staleUntilMs: 0, pending: undefined, lastType: undefined }
    // Put at the end: what was renewed longest ago goes first when the cache is full.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#trim()
    const kept = entry
    kept.pending = this.#resolve(key, kept).then((answer) => {
      kept.pending = undefined
      return this.#keep(kept, answer)
    })
    return kept.pending
  }

  async #resolve(key: string, entry: Entry): Promise<NameAnswer> {
    const { resolver } = this.#options
    const types = this.#typesOf(key)
    const { lastType } = entry
    try {
      if (lastType === undefined) return await resolver().resolve(key, types)
      const answer = await resolver().resolve(key, [lastType])
      const others = types.filter((type) => type !== lastType)
      if (answer.kind !== 'not-found' || others.length === 0) return answer
      return await resolver().resolve(key, others)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { kind: 'failed', detail: `dns client error: ${reason}` }
    }
  }

  #typesOf(key: string): readonly QueryType[] {
    const { types, settings } = this.#options
    if (settings.servicesOf === 'every name' || SERVICE_NAME.test(key)) return types
    return types.filter((type) => type !== 'SRV')
  }

  #keep(entry: Entry, answer: NameAnswer): KnownName {
    const { settings, clock } = this.#options
    const now = clock.nowMs()
    switch (answer.kind) {
      case 'resolved': {
        const ttl = settings.validTtlSeconds ?? answer.ttlSeconds
        const freshUntilMs = now + ttl * 1000
        entry.known = { answer: { ...sorted(answer), ttlSeconds: ttl }, freshUntilMs }
        entry.staleUntilMs = ttl === 0 ? 0 : freshUntilMs + settings.staleTtlSeconds * 1000
        if (this.#remembersType) entry.lastType = answer.type
        return entry.known
      }
      case 'not-found':
        entry.known = { answer, freshUntilMs: now + settings.notFoundTtlSeconds * 1000 }
        entry.staleUntilMs = 0
        entry.lastType = undefined
        return entry.known
      case 'failed': {
        // Servers that fail do not say that the name is gone. @see RFC 8767 §5
        const usable = now < entry.staleUntilMs ? entry.known?.answer : undefined
        const freshUntilMs = now + settings.errorTtlSeconds * 1000
        entry.known = { answer: usable ?? answer, freshUntilMs }
        return entry.known
      }
    }
  }

  #trim(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#options.settings.cacheSize) return
      if (entry.pending === undefined) this.#entries.delete(key)
    }
  }
}

/** As text; 255 octets on the wire. RFC 1035 §2.3.4 */
const LONGEST_NAME = 253

/** @see RFC 2782, "The format of the SRV RR" */
const SERVICE_NAME = /^_[^.]+\._[^.]+\./

/** Servers turn their answers about; here the same set is always in the same order. */
function sorted(resolution: Resolution): Resolution {
  const addresses = resolution.addresses.toSorted((a, b) =>
    a.ip === b.ip ? a.port - b.port : a.ip < b.ip ? -1 : 1,
  )
  return { ...resolution, addresses }
}

/** The first wanted type that the entry has, else the one it has: IPv4 rather than IPv6. */
function ofHosts(name: string, entry: HostsEntry, types: readonly QueryType[]): Resolution {
  const wanted = types.find((type) => addressOf(entry, type) !== undefined)
  const type = wanted ?? (entry.ipv4 === undefined ? 'AAAA' : 'A')
  return {
    kind: 'resolved',
    type,
    ttlSeconds: Number.POSITIVE_INFINITY,
    addresses: [{ ip: addressOf(entry, type)!, port: 0, weight: 1, name }],
  }
}

function addressOf(entry: HostsEntry, type: QueryType): string | undefined {
  if (type === 'A') return entry.ipv4
  return type === 'AAAA' ? entry.ipv6 : undefined
}
