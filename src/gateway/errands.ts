import type { AdminAnswer, AdminErrand } from '../plugin-kit/plugin.ts'

/** What plugins of one worker want of the Admin API, which runs in another thread. */
export class Errands {
  readonly #send: (id: number, errand: AdminErrand) => void
  readonly #waiting = new Map<number, (answer: AdminAnswer) => void>()
  #last = 0

  constructor(send: (id: number, errand: AdminErrand) => void) {
    this.#send = send
  }

  run(errand: AdminErrand): Promise<AdminAnswer> {
    const id = (this.#last += 1)
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#send(id, errand)
    })
  }

  done(id: number, answer: AdminAnswer): void {
    this.#waiting.get(id)?.(answer)
    this.#waiting.delete(id)
  }
}
