import { beginTurn } from './turn-clock.ts'

/** Something that must be over by a time. The wheel keeps `wheelTick`; owners set the rest. */
export interface Deadline {
  /** Unix time in ms; `Infinity` while nothing is awaited. */
  deadlineMs: number
  /** Tick under which the wheel holds it; -1 when it does not. */
  wheelTick: number
  onDeadline(nowMs: number): void
}

const TICK_MS = 50
const SLOTS = 128

/**
 * Timeouts without timers: moving a deadline later, which every request does, is one assignment.
 * The wheel looks again only when the slot of the earlier deadline comes up. Exact to one tick.
 */
export class DeadlineWheel {
  readonly #slots: Deadline[][] = Array.from({ length: SLOTS }, () => [])
  #tick: number
  #timer: NodeJS.Timeout | undefined

  constructor(nowMs: number) {
    this.#tick = Math.floor(nowMs / TICK_MS)
  }

  start(): void {
    this.#timer ??= setInterval(() => this.advance(beginTurn()), TICK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Sets a deadline; `Infinity` takes it off. */
  set(entry: Deadline, deadlineMs: number): void {
    entry.deadlineMs = deadlineMs
    if (deadlineMs === Infinity) return
    const tick = Math.floor(deadlineMs / TICK_MS) + 1
    if (entry.wheelTick === -1 || tick < entry.wheelTick) this.#insert(entry, tick)
  }

  /** Fires what is due. Called by the timer; tests call it with a time of their own. */
  advance(nowMs: number): void {
    const until = Math.floor(nowMs / TICK_MS)
    while (this.#tick < until) {
      this.#tick += 1
      const slot = this.#slots[this.#tick % SLOTS]!
      if (slot.length > 0) this.#turn(slot, nowMs)
    }
  }

  #turn(slot: Deadline[], nowMs: number): void {
    const entries = slot.splice(0)
    for (const entry of entries) {
      if (entry.wheelTick !== this.#tick) continue
      entry.wheelTick = -1
      if (entry.deadlineMs === Infinity) continue
      if (entry.deadlineMs <= nowMs) entry.onDeadline(nowMs)
      else this.set(entry, entry.deadlineMs)
    }
  }

  /** Deadlines beyond the last slot wait in it and are looked at again then. */
  #insert(entry: Deadline, tick: number): void {
    entry.wheelTick = Math.min(Math.max(tick, this.#tick + 1), this.#tick + SLOTS - 1)
    this.#slots[entry.wheelTick % SLOTS]!.push(entry)
  }
}
