import type { Contender } from './contenders/contender.ts'
import { cpuTime, residentBytes } from './process-cost.ts'
import type { Scenario } from './scenarios.ts'
import type { BenchSecrets } from './secrets.ts'
import { h2load } from './h2load.ts'
import { type LoadFigures, wrk } from './wrk.ts'

/** One contender under one scenario in one round. */
export interface Sample {
  readonly scenario: string
  readonly contender: string
  readonly round: number
  readonly requestsPerSecond: number
  /** Absent where the load generator prints none. */
  readonly p50Us?: number
  readonly p90Us?: number
  readonly p99Us?: number
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
  readonly secrets: BenchSecrets
  readonly round: number
  readonly seconds: number
  readonly loadCore: number
}

/** Measures one slice after a short warm-up of the same kind. */
export async function measure(slice: Slice): Promise<Sample> {
  const { scenario, contender } = slice
  await send(slice, 1)
  const before = contender.pid === undefined ? undefined : cpuTime(contender.pid)
  const figures = await send(slice, slice.seconds)
  const durationSeconds = figures.durationUs / 1e6
  const sample: Sample = {
    scenario: scenario.name,
    contender: contender.name,
    round: slice.round,
    requestsPerSecond: figures.requests / durationSeconds,
    ...('p50' in figures && { p50Us: figures.p50, p90Us: figures.p90, p99Us: figures.p99 }),
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

/** How many tokens of a file each contender has had: it gets the next ones then. */
const tokensSent = new Map<string, number>()

async function send(
  { scenario, contender, secrets, loadCore }: Slice,
  seconds: number,
): Promise<LoadFigures | Awaited<ReturnType<typeof h2load>>> {
  const door = scenario.door ?? 'http'
  const load = {
    url: `${contender.url(scenario.guard, door)!}${scenario.path}`,
    headers: {
      ...(scenario.tokens === undefined ? secrets.headers[scenario.guard] : {}),
      ...(scenario.closes === true ? { connection: 'close' } : {}),
    },
    connections: scenario.connections,
    seconds,
    core: loadCore,
  }
  if (door === 'h2') return h2load(load)
  if (scenario.tokens === undefined)
    return wrk({
      ...load,
      ...(scenario.uploadBytes === undefined ? {} : { uploadBytes: scenario.uploadBytes }),
    })
  if (scenario.guard !== 'jwt-hs256' && scenario.guard !== 'jwt-rs256')
    throw new Error(`Cannot send tokens in ${scenario.name}: its guard is ${scenario.guard}`)
  const files = secrets.tokens[scenario.guard]
  const key = `${contender.name} ${scenario.name}`
  const sent = tokensSent.get(key) ?? 0
  const figures = await wrk({
    ...load,
    requestsFile: files[scenario.tokens],
    firstLine: sent % files.newCount,
  })
  tokensSent.set(key, sent + figures.requests)
  return figures
}
