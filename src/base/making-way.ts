import type { Pace } from './steps.ts'

/** Times in ms: what has gone by, what the process had of processors, and this thread of that. */
export interface Clocks {
  readonly wall: () => number
  readonly ofProcess: () => number
  readonly ofThread: () => number
}

/** What others had in less than so many ms says little. */
const WINDOW_MS = 10
/** Others that have more than this part of a processor are at work. */
const BUSY_SHARE = 0.2
const SLICE_MS = 0.5
const REST_MS = 2

/**
 * A pace for a thread that may have to share a processor with threads that serve requests. While
 * these are at work it sleeps between its slices, and so is out of their way at once: a system that
 * finds two threads with work changes between them after some milliseconds, which all requests
 * under way would feel.
 */
export function makingWay(clocks: Clocks): Pace {
  let wall = clocks.wall()
  let others = othersOf(clocks)
  let restMs = 0
  return {
    sliceMs: SLICE_MS,
    restMs() {
      const now = clocks.wall()
      if (now - wall < WINDOW_MS) return restMs
      const had = othersOf(clocks)
      restMs = had - others > (now - wall) * BUSY_SHARE ? REST_MS : 0
      wall = now
      others = had
      return restMs
    },
  }
}

function othersOf({ ofProcess, ofThread }: Clocks): number {
  return ofProcess() - ofThread()
}

/** For the main thread. */
export const MAKING_WAY: Pace = makingWay({
  wall: () => performance.now(),
  ofProcess: () => sumMs(process.cpuUsage()),
  ofThread: () => sumMs(process.threadCpuUsage()),
})

function sumMs({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
