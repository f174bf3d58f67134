/** Counts that the listeners of all workers share. */
export interface ConnectionCount {
  /** Under which keys count, until a worker is lost with the connections it counted. */
  readonly era: number
  /** @returns the count with this addition */
  add(key: string, by: 1 | -1): number
}

export interface CapLimits {
  /** Most connections of the listener; 0: unlimited. */
  readonly connections: number
  /** Most connections of one client to it; 0: unlimited. */
  readonly connectionsPerClient: number
}

export interface CapsOptions {
  /** Of the listener, as all workers have it. */
  readonly name: string
  readonly count: ConnectionCount
  /** Looked at for every connection: they may change. */
  readonly limits: () => CapLimits
  /** Told of the first refusal, then of how many there were, now and then. */
  readonly warn: (message: string) => void
}

const SILENCE_MS = 10_000

/** Sees to it that a listener has no more connections than it may, in all and of one client. */
export class ConnectionCaps {
  readonly #options: CapsOptions
  #refused = 0
  #saidAtMs = -Infinity

  constructor(options: CapsOptions) {
    this.#options = options
  }

  /** @returns a place to be left when the connection closes; nothing when there is none, or no cap */
  enter(nowMs: number): Place | 'refused' | undefined {
    const { name, count, limits } = this.#options
    const { connections, connectionsPerClient } = limits()
    if (connections === 0 && connectionsPerClient === 0) return undefined
    const place = new Place(count, name)
    if (connections === 0 || place.take('', connections)) return place
    this.#refuse(nowMs, 'in all')
    return 'refused'
  }

  /** @returns whether this client may have one more connection; else the place is left */
  enterAs(place: Place, clientIp: string, nowMs: number): boolean {
    const { connectionsPerClient } = this.#options.limits()
    if (connectionsPerClient === 0) return true
    if (place.take(networkOf(clientIp), connectionsPerClient)) return true
    place.leave()
    this.#refuse(nowMs, `from ${clientIp}`)
    return false
  }

  #refuse(nowMs: number, which: string): void {
    this.#refused += 1
    if (nowMs - this.#saidAtMs < SILENCE_MS) return
    this.#saidAtMs = nowMs
    this.#options.warn(
      `${this.#options.name}: closed ${this.#refused} connections beyond the most there may be ${which}`,
    )
    this.#refused = 0
  }
}

/** What a connection takes up in the counts. */
export class Place {
  readonly #count: ConnectionCount
  readonly #prefix: string
  #keys: string[] = []

  constructor(count: ConnectionCount, name: string) {
    this.#count = count
    this.#prefix = `${count.era} ${name} `
  }

  take(key: string, limit: number): boolean {
    const name = this.#prefix + key
    if (this.#count.add(name, 1) > limit) {
      this.#count.add(name, -1)
      return false
    }
    this.#keys.push(name)
    return true
  }

  leave(): void {
    const keys = this.#keys
    this.#keys = []
    for (const key of keys) this.#count.add(key, -1)
  }
}

/** Under which a client is counted: whoever has one IPv6 address has the 2^64 beside it too. */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return ip
  const [head = '', tail] = ip.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}
