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

/** How work is done in slices, in ms. */
export interface Pace {
  /** So long does a slice go on before it ends at the next step. */
  readonly sliceMs: number
  /** So long has other work the thread between two slices; 0: one turn. */
  readonly restMs: number
}

/** For when nothing that is done meanwhile is in a hurry. */
export const BRISK: Pace = { sliceMs: 1, restMs: 0 }
/**
 * For when requests are served: by this thread, or by others that may have to share a processor
 * with it. A system that finds two threads with work changes between them after some milliseconds,
 * which all requests under way would feel; a thread that sleeps is out of the way at once.
 */
export const GENTLE: Pace = { sliceMs: 0.5, restMs: 1 }

/** Lets other work of the thread in between slices. Work that is done within one slice never rests. */
export async function inSlices<Result>(steps: Steps<Result>, pace: Pace): Promise<Result> {
  const { sliceMs, restMs } = pace
  for (;;) {
    const end = performance.now() + sliceMs
    do {
      const step = steps.next()
      if (step.done === true) return step.value
    } while (performance.now() < end)
    if (restMs > 0) await delay(restMs)
    else await nextTurn()
  }
}
