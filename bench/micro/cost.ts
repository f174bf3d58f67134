import { median } from '../load/statistics.ts'

const SAMPLES = 101
const SAMPLE_MS = 4

/**
 * Prints what one call costs: the median of several samples, each long enough for the clock.
 *
 * @param call returns something that depends on its work, so that the work is not optimised away
 */
export function cost(name: string, call: () => unknown): void {
  const calls = callsPerSample(call)
  const samples = Array.from({ length: SAMPLES }, () => nanoseconds(call, calls) / calls)
  const spread = (Math.max(...samples) - Math.min(...samples)) / 2
  console.log(
    `${name.padEnd(48)} ${median(samples).toFixed(0).padStart(8)} ns ± ${spread.toFixed(0)}, at least ${Math.min(...samples).toFixed(0)}`,
  )
}

/** What calls return lands here, so that the work for it counts as used. */
const sink: unknown[] = []

function nanoseconds(call: () => unknown, calls: number): number {
  const start = process.hrtime.bigint()
  for (let n = 0; n < calls; n += 1) sink[0] = call()
  return Number(process.hrtime.bigint() - start)
}

function callsPerSample(call: () => unknown): number {
  let calls = 1
  while (nanoseconds(call, calls) < SAMPLE_MS * 1e6) calls *= 2
  return calls
}
