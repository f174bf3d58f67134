import type { Sample } from './measure.ts'
import type { Figure, Scenario, Target } from './scenarios.ts'
import { plusMinus, spread, type Spread } from './summary.ts'

/** A line of the table of speeds. */
export interface TargetResult {
  readonly title: string
  readonly figure: string
  /** Ours to theirs, over the rounds; absent when one of the two was not measured. */
  readonly ratio?: Spread
  readonly must: number
  readonly aim: number
  readonly isLowerBetter: boolean
}

const FIGURES: Readonly<Record<Figure, (sample: Sample) => number | undefined>> = {
  requests: ({ cpuUsPerRequest }) => cpuUsPerRequest && 1 / cpuUsPerRequest,
  bytes: ({ mibPerCpuSecond }) => mibPerCpuSecond,
  p50: ({ p50Us }) => p50Us,
  p99: ({ p99Us }) => p99Us,
  cpu: ({ cpuUsPerRequest }) => cpuUsPerRequest,
}

const NAMES: Readonly<Record<Figure, string>> = {
  requests: 'requests per CPU second',
  bytes: 'bytes per CPU second',
  p50: 'p50',
  p99: 'p99',
  cpu: 'CPU per request',
}

/** What each scenario is there to show, from ratios taken within rounds. */
export function targetResults(
  scenarios: readonly Scenario[],
  samples: readonly Sample[],
): readonly TargetResult[] {
  return scenarios.flatMap((scenario) =>
    scenario.targets.map((target) => {
      const ratios = ratiosOf(scenario, target, samples)
      const [contender, other] = target.against
      return {
        title: `${scenario.title} ÷ ${contender}${other === undefined ? '' : ` ${other}`}`,
        figure: NAMES[target.figure],
        ...(ratios.length > 0 && { ratio: spread(ratios) }),
        must: target.must,
        aim: target.aim,
        isLowerBetter: target.figure !== 'requests' && target.figure !== 'bytes',
      }
    }),
  )
}

function ratiosOf(
  scenario: Scenario,
  { figure, of = 'portunus', against: [contender, other] }: Target,
  samples: readonly Sample[],
): readonly number[] {
  const figureOf = (name: string, contenderName: string, round: number): number | undefined => {
    const sample = samples.find(
      (taken) =>
        taken.scenario === name && taken.contender === contenderName && taken.round === round,
    )
    return sample && FIGURES[figure](sample)
  }
  const rounds = new Set(samples.map(({ round }) => round))
  return [...rounds].flatMap((round) => {
    const ours = figureOf(scenario.name, of, round)
    const theirs = figureOf(other ?? scenario.name, contender, round)
    return ours === undefined || theirs === undefined ? [] : [ours / theirs]
  })
}

/** The results as a Markdown table. */
export function targetTable(results: readonly TargetResult[]): string {
  const rows = results.map(({ title, figure, ratio, must, aim, isLowerBetter }) => {
    const better = isLowerBetter ? '≤' : '≥'
    return [title, figure, plusMinus(ratio), `${better} ${must}`, `${better} ${aim}`, verdict()]

    function verdict(): string {
      if (ratio === undefined) return 'not measured'
      const reaches = (bound: number): boolean =>
        isLowerBetter ? ratio.median <= bound : ratio.median >= bound
      if (reaches(aim)) return 'aim'
      return reaches(must) ? 'must' : 'missed'
    }
  })
  const head = ['scenario', 'figure', 'ratio', 'must', 'aim', 'reached']
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
