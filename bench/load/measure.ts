import type { Contender } from './contenders/contender.ts'
import { cpuTime, residentBytes } from './process-cost.ts'
import type { Scenario } from './scenarios.ts'
import { wrk } from './wrk.ts'

/** One contender under one scenario in one round. */
export interface Sample {
  readonly scenario: string
  readonly contender: string
  readonly round: number
  readonly requestsPerSecond: number
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly socketErrors: number
  /** CPU time per request, user and kernel together; absent without a process to measure. */
  readonly cpuUsPerRequest?: number
  readonly userUsPerRequest?: number
  /** Share of its core that the contender used, 0 to 1. */
  readonly coreShare?: number
  readonly mibPerCpuSecond?: number
  readonly residentMib?: number
}

export interface Slice {
  readonly scenario: Scenario
  readonly contender: Contender
  readonly headers: Readonly<Record<string, string>>
  readonly round: number
  readonly seconds: number
  readonly loadCore: number
}

/** Measures one slice after a short warm-up of the same kind. */
export async function measure(slice: Slice): Promise<Sample> {
  const { scenario, contender } = slice
  const load = {
    url: `${contender.url(scenario.guard)!}${scenario.path}`,
    headers: slice.headers,
    connections: scenario.connections,
    core: slice.loadCore,
    ...(scenario.uploadBytes === undefined ? {} : { uploadBytes: scenario.uploadBytes }),
  }
  await wrk({ ...load, seconds: 1 })
  const before = contender.pid === undefined ? undefined : cpuTime(contender.pid)
  const figures = await wrk({ ...load, seconds: slice.seconds })
  const durationSeconds = figures.durationUs / 1e6
  const sample: Sample = {
    scenario: scenario.name,
    contender: contender.name,
    round: slice.round,
    requestsPerSecond: figures.requests / durationSeconds,
    p50Us: figures.p50,
    p90Us: figures.p90,
    p99Us: figures.p99,
    socketErrors: figures.socketErrors,
  }
  if (contender.pid === undefined || before === undefined) return sample
  const after = cpuTime(contender.pid)
  const userUs = after.userUs - before.userUs
  const cpuUs = userUs + after.systemUs - before.systemUs
  return {
    ...sample,
    cpuUsPerRequest: cpuUs / figures.requests,
    userUsPerRequest: userUs / figures.requests,
    coreShare: cpuUs / figures.durationUs,
    residentMib: residentBytes(contender.pid) / 2 ** 20,
    ...(scenario.bulkBytes === undefined
      ? {}
      : { mibPerCpuSecond: (figures.requests * scenario.bulkBytes) / 2 ** 20 / (cpuUs / 1e6) }),
  }
}
