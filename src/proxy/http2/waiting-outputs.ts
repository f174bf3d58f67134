/** Something that has more to send than may go out now. */
interface WaitingOutput {
  /** Sends one piece, if it may now, and is added again where more is left. @returns whether it did */
  pump(): boolean
}

/** Streams of one connection whose bytes the windows or the transport do not let out. */
export class WaitingOutputs {
  #waiting: Set<WaitingOutput> | undefined

  add(output: WaitingOutput): void {
    ;(this.#waiting ??= new Set()).add(output)
  }

  /** Each sends a piece in its turn, for as long as any can. */
  pump(): void {
    let hasMoved = true
    while (hasMoved && this.#waiting !== undefined) {
      const waiting = this.#waiting
      this.#waiting = undefined
      hasMoved = false
      for (const output of waiting) if (output.pump()) hasMoved = true
    }
  }
}
