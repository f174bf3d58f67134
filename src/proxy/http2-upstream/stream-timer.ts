import type { Deadline } from '../../base/deadline-wheel.ts'

/** Whoever has a stream, and waits for something on it. */
export interface TimedUser {
  onStreamDeadline(): void
}

/**
 * The deadline of a stream. The wheel lets go of its entries late, so they are kept when a stream is over and
 * serve the next one: else all that belongs to an exchange would outlive it by seconds.
 */
export class StreamTimer implements Deadline {
  deadlineMs = Infinity
  wheelTick = -1
  user: TimedUser | undefined

  onDeadline(): void {
    this.user?.onStreamDeadline()
  }

  stop(): void {
    this.deadlineMs = Infinity
    this.user = undefined
  }
}
