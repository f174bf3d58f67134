import type { Sample } from './measure.ts'
import { interquartileRange, median } from './statistics.ts'

/** One contender under one scenario over all rounds. */
export interface Summary {
  readonly scenario: string
  readonly contender: string
  readonly rounds: number
  readonly requestsPerSecond: Spread
  readonly p50Us?: number
  readonly p90Us?: number
  readonly p99Us?: number
  readonly cpuUsPerRequest?: Spread
  readonly userUsPerRequest?: number
  readonly mibPerCpuSecond?: number
  readonly residentMib?: number
  /** Against nginx in the same round: the machine's speed drifts, the ratio within a round does not. */
  readonly againstNginx?: { readonly requests: Spread; readonly cpu?: Spread }
}

export interface Spread {
  readonly median: number
  readonly interquartileRange: number
  readonly min: number
  readonly max: number
}

export function summarise(samples: readonly Sample[]): readonly Summary[] {
  const groups = Map.groupBy(samples, (sample) => `${sample.scenario} ${sample.contender}`)
  return [...groups.values()].map((group) => summariseGroup(group, samples))
}

function summariseGroup(group: readonly Sample[], all: readonly Sample[]): Summary {
  const { scenario, contender } = group[0]!
  const ratio = (figure: (sample: Sample) => number | undefined): readonly number[] =>
    group.flatMap((sample) => {
      const nginx = all.find(
        (other) =>
          other.scenario === scenario &&
          other.round === sample.round &&
          other.contender === 'nginx',
      )
      const own = figure(sample)
      const theirs = nginx && figure(nginx)
      return own === undefined || theirs === undefined ? [] : [own / theirs]
    })
  const cpu = present(group, (sample) => sample.cpuUsPerRequest)
  const user = present(group, (sample) => sample.userUsPerRequest)
  const bulk = present(group, (sample) => sample.mibPerCpuSecond)
  const resident = present(group, (sample) => sample.residentMib)
  const requestRatios = ratio((sample) => sample.requestsPerSecond)
  const cpuRatios = ratio((sample) => sample.cpuUsPerRequest)
  return {
    scenario,
    contender,
    rounds: group.length,
    requestsPerSecond: spread(group.map((sample) => sample.requestsPerSecond)),
    ...percentiles(group),
    ...(cpu.length > 0 && { cpuUsPerRequest: spread(cpu) }),
    ...(user.length > 0 && { userUsPerRequest: median(user) }),
    ...(bulk.length > 0 && { mibPerCpuSecond: median(bulk) }),
    ...(resident.length > 0 && { residentMib: median(resident) }),
    ...(requestRatios.length > 0 && {
      againstNginx: {
        requests: spread(requestRatios),
        ...(cpuRatios.length > 0 && { cpu: spread(cpuRatios) }),
      },
    }),
  }
}

function percentiles(
  group: readonly Sample[],
): Partial<Pick<Summary, 'p50Us' | 'p90Us' | 'p99Us'>> {
  const p50 = present(group, (sample) => sample.p50Us)
  if (p50.length === 0) return {}
  return {
    p50Us: median(p50),
    p90Us: median(present(group, (sample) => sample.p90Us)),
    p99Us: median(present(group, (sample) => sample.p99Us)),
  }
}

function present(
  group: readonly Sample[],
  figure: (sample: Sample) => number | undefined,
): readonly number[] {
  return group.flatMap((sample) => figure(sample) ?? [])
}

export function spread(values: readonly number[]): Spread {
  return {
    median: median(values),
    interquartileRange: interquartileRange(values),
    min: Math.min(...values),
    max: Math.max(...values),
  }
}

/** The summaries as a Markdown table, one block of rows per scenario. */
export function summaryTable(summaries: readonly Summary[]): string {
  const rows = summaries.map((row) => [
    row.scenario,
    row.contender,
    Math.round(row.requestsPerSecond.median).toLocaleString('en'),
    plusMinus(row.againstNginx?.requests),
    row.cpuUsPerRequest?.median.toFixed(1) ?? '-',
    plusMinus(row.againstNginx?.cpu),
    row.p50Us === undefined
      ? '-'
      : [row.p50Us, row.p90Us, row.p99Us].map((us) => (us! / 1000).toFixed(2)).join(' / '),
    row.mibPerCpuSecond?.toFixed(0) ?? '-',
    row.residentMib?.toFixed(0) ?? '-',
  ])
  const head = [
    'scenario',
    'contender',
    'req/s',
    'req/s ÷ nginx',
    'CPU µs/req',
    'CPU ÷ nginx',
    'p50 / p90 / p99 ms',
    'MiB per CPU s',
    'RSS MiB',
  ]
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function plusMinus(value: Spread | undefined): string {
  if (value === undefined) return '-'
  return `${value.median.toFixed(2)} ± ${(value.interquartileRange / 2).toFixed(2)}`
}
