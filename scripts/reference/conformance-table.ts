import { readFileSync } from 'node:fs'
import { allGroups } from '../../tests/conformance/groups.ts'

/** How many recorded cases each group is expected to pass, of how many. */
export function conformanceTable(): string {
  const expected = JSON.parse(readFileSync('tests/conformance/expected.json', 'utf8')) as Readonly<
    Record<string, number>
  >
  const rows = allGroups().map(({ name, file }) => {
    const cases = readFileSync(file, 'utf8').split('\n').filter(Boolean).length
    return { name, passes: expected[name] ?? 0, cases }
  })
  const total = {
    name: '**all**',
    passes: rows.reduce((sum, { passes }) => sum + passes, 0),
    cases: rows.reduce((sum, { cases }) => sum + cases, 0),
  }
  const lines = [...rows, total].map(
    ({ name, passes, cases }) => `| ${name} | ${passes} | ${cases} |`,
  )
  return ['| group | as recorded | of |', '| --- | --- | --- |', ...lines].join('\n')
}
