import type { GroupResult } from './replay-group.ts'

export type Expected = Readonly<Record<string, number>>

/** One line per group: cases as recorded, of how many, and how many were expected. */
export function resultTable(results: readonly GroupResult[], expected: Expected): string {
  const rows = results.map(({ group, passes, cases }) => [
    group,
    String(passes),
    String(cases),
    String(expected[group] ?? 0),
    passes < (expected[group] ?? 0) ? 'fewer than expected' : passes === cases ? 'all' : '',
  ])
  const total = (figure: (result: GroupResult) => number): string =>
    String(results.reduce((sum, result) => sum + figure(result), 0))
  const all = [
    ['group', 'as recorded', 'of', 'expected', ''],
    ...rows,
    [
      'total',
      total(({ passes }) => passes),
      total(({ cases }) => cases),
      total(({ group }) => expected[group] ?? 0),
      '',
    ],
  ]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
