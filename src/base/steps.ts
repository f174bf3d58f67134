import { setImmediate as nextTurn } from 'node:timers/promises'

/** Long work that can rest wherever it yields. */
export type Steps<Result> = Generator<void, Result, void>

/** Runs to the end. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Lets other work of the thread in between whenever so many milliseconds are over. */
export async function inSlices<Result>(steps: Steps<Result>, sliceMs = 1): Promise<Result> {
  for (;;) {
    const end = performance.now() + sliceMs
    do {
      const step = steps.next()
      if (step.done === true) return step.value
    } while (performance.now() < end)
    await nextTurn()
  }
}
