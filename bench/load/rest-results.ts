import type { MemoryFigures } from './memory.ts'
import type { ReloadFigures } from './reload.ts'
import type { TargetResult } from './targets.ts'

/** The lines of the table that no round of load measures. */
export function restResults(
  memory: MemoryFigures | undefined,
  reload: ReloadFigures | undefined,
): readonly TargetResult[] {
  return [
    line('memory, one worker at rest', 'MiB', memory?.atRestMib, 90, 60),
    line('memory, 10,000 idle connections', 'MiB', memory?.idleConnectionsMib, 50, 25),
    line(
      'reload of 10,000 routes: during ÷ before',
      'p99',
      reload && reload.p99DuringUs / reload.p99BeforeUs,
      2,
      1.2,
    ),
    line('reload of 10,000 routes', 'failed requests', reload?.failedRequests, 0, 0),
  ]
}

function line(
  title: string,
  figure: string,
  value: number | undefined,
  must: number,
  aim: number,
): TargetResult {
  const known = value !== undefined && {
    ratio: { median: value, interquartileRange: 0, min: value, max: value },
  }
  return { title, figure, must, aim, isLowerBetter: true, ...known }
}
