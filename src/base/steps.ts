import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'

/** Long work that can rest wherever it yields. */
export type Steps<Result> = Generator<void, Result, void>

/** Runs to the end. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** How work is done in slices. */
export interface Pace {
  /** So many ms does a slice go on before it ends at the next step. */
  readonly sliceMs: number
  /** How many ms other work has the thread after a slice; 0: one turn. */
  readonly restMs: () => number
}

/** For when nothing that is done meanwhile is in a hurry. */
export const BRISK: Pace = { sliceMs: 1, restMs: () => 0 }
/** For a thread that serves requests between its slices. */
export const GENTLE: Pace = { sliceMs: 0.5, restMs: () => 1 }

/** Lets other work of the thread in between slices. Work that is done within one slice never rests. */
export async function inSlices<Result>(steps: Steps<Result>, pace: Pace): Promise<Result> {
  for (;;) {
    const end = performance.now() + pace.sliceMs
    do {
      const step = steps.next()
      if (step.done === true) return step.value
    } while (performance.now() < end)
    const restMs = pace.restMs()
    if (restMs > 0) await delay(restMs)
    else await nextTurn()
  }
}
