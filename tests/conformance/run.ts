import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { allGroups } from './groups.ts'
import { type GroupResult, replayGroups } from './replay-group.ts'
import { type Expected, resultTable } from './table.ts'

const EXPECTED = new URL('expected.json', import.meta.url)

const { values } = parseArgs({
  options: {
    groups: { type: 'string' },
    update: { type: 'boolean', default: false },
    failures: { type: 'boolean', default: false },
  },
})
const wanted = values.groups?.split(',')
const groups = allGroups().filter(({ name }) => wanted?.includes(name) ?? true)
const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Expected
const results = await replayGroups(groups)

if (values.failures || wanted !== undefined) console.log(results.flatMap(failureLines).join('\n'))
console.log(resultTable(results, expected))

if (values.update) {
  const reached = Object.fromEntries(results.map(({ group, passes }) => [group, passes]))
  writeFileSync(EXPECTED, `${JSON.stringify({ ...expected, ...reached }, undefined, 2)}\n`)
} else if (results.some(({ group, passes }) => passes < (expected[group] ?? 0))) {
  process.exitCode = 1
}

function failureLines({ group, failures }: GroupResult): readonly string[] {
  return failures.flatMap(({ name, differences }) => [
    `${group}: ${name}`,
    ...Object.entries(differences).flatMap(([level, lines]) =>
      lines.map((line) => `    [${level}] ${line}`),
    ),
  ])
}
