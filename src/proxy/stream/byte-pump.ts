import type { Deadline, DeadlineWheel } from '../../base/deadline-wheel.ts'
import { turnMs } from '../../base/turn-clock.ts'
import { PublicTransport } from '../transport/public-transport.ts'
import type { Transport, TransportOwner } from '../transport/transport.ts'

export interface PumpOptions {
  readonly client: Transport
  readonly upstream: Transport
  /** Bytes of the client that were read already. */
  readonly first: Buffer
  readonly wheel: DeadlineWheel
  /** Without a byte in either direction for so long, both connections are closed. */
  readonly idleTimeoutMs: number
  /** The same while the upstream takes nothing. */
  readonly writeTimeoutMs: number
  /** @param why `ended`: both sides said that they have no more to send */
  readonly onOver: (why: PumpEnd) => void
}

export type PumpEnd = 'ended' | 'broken' | 'timed-out'

/** A read of at least so many bytes is one of many; the buffer is then not shared. */
const BULK_BYTES = 32_768
/** A read of fewer bytes means that the many are over. */
const QUIET_BYTES = 4096

/**
 * Passes bytes both ways between two connections until both have ended. A side that has no more to
 * send is still sent to. A slow reader holds up only what is meant for it, and the system holds up
 * who sends it: nothing is kept here but the one buffer under way.
 */
export class BytePump implements Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  readonly fromClient: Flow
  readonly fromUpstream: Flow
  readonly #options: PumpOptions
  #isOver = false

  constructor(options: PumpOptions) {
    this.#options = options
    const { client, upstream } = options
    this.fromClient = new Flow(this, client, upstream)
    this.fromUpstream = new Flow(this, upstream, client)
  }

  start(): void {
    const { client, upstream, first } = this.#options
    client.owner = this.fromClient
    upstream.owner = this.fromUpstream
    keepHalfOpen(client)
    keepHalfOpen(upstream)
    this.touch()
    if (first.length > 0) this.fromClient.pass(first)
    if (!upstream.isCongested) client.resume()
    upstream.resume()
  }

  /** Something moved. */
  touch(): void {
    const { upstream, wheel, idleTimeoutMs, writeTimeoutMs } = this.#options
    wheel.set(this, turnMs() + (upstream.isCongested ? writeTimeoutMs : idleTimeoutMs))
  }

  ended(): void {
    if (!this.fromClient.isEnded || !this.fromUpstream.isEnded) return
    const { client, upstream } = this.#options
    client.close()
    upstream.close()
    this.#finish('ended')
  }

  /** One connection broke: the other side must not take what it has for whole. */
  broken(other: Transport): void {
    if (this.#isOver) return
    breakOff(other)
    this.#finish('broken')
  }

  onDeadline(): void {
    this.#destroyBoth()
    this.#finish('timed-out')
  }

  /** Cuts both connections off. */
  abort(): void {
    if (this.#isOver) return
    this.#destroyBoth()
    this.#finish('broken')
  }

  #destroyBoth(): void {
    this.#options.client.destroy()
    this.#options.upstream.destroy()
  }

  #finish(why: PumpEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.deadlineMs = Infinity
    this.#options.onOver(why)
  }
}

/** One direction: what one connection reads is written on the other. */
class Flow implements TransportOwner {
  bytes = 0
  isEnded = false
  readonly #pump: BytePump
  readonly #from: Transport
  readonly #to: Transport

  constructor(pump: BytePump, from: Transport, to: Transport) {
    this.#pump = pump
    this.#from = from
    this.#to = to
  }

  /** @param bytes nobody else's from now on */
  pass(bytes: Buffer): void {
    this.bytes += bytes.length
    this.#to.writeBytes(bytes)
    this.#pump.touch()
  }

  onBytes(bytes: Buffer, length: number): void {
    const to = this.#to
    this.bytes += length
    to.writeBytes(length === bytes.length ? bytes : bytes.subarray(0, length))
    const { isCongested } = to
    if (isCongested) this.#from.pause()
    this.#chooseBuffer(length, !isCongested)
    this.#pump.touch()
  }

  #chooseBuffer(length: number, isBufferFree: boolean): void {
    if (length >= BULK_BYTES) this.#from.setBulk(true)
    else if (length < QUIET_BYTES) this.#from.setBulk(false, isBufferFree)
  }

  /** The connection read from can be written to again, so the other one may be read. */
  onDrained(): void {
    this.#to.resume()
    this.#pump.touch()
  }

  onEnd(): void {
    this.isEnded = true
    this.#to.end()
    this.#pump.ended()
  }

  onClosed(): void {
    this.#pump.broken(this.#to)
  }
}

/** Without this a stream object ends its own direction as soon as the other one has ended. */
function keepHalfOpen(transport: Transport): void {
  if (transport instanceof PublicTransport) transport.socket.allowHalfOpen = true
}

/** With a reset where there can be one: TLS has its own way of telling an end from a break. */
function breakOff(transport: Transport): void {
  if (transport instanceof PublicTransport && 'encrypted' in transport.socket) transport.destroy()
  else transport.reset()
}
