import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { allGroups } from './groups.ts'
import { type GroupResult, replayGroups } from './replay-group.ts'
import { type Expected, resultTable } from './table.ts'

const expected = JSON.parse(
  readFileSync(new URL('expected.json', import.meta.url), 'utf8'),
) as Expected
const groups = allGroups()

describe('behaviour recorded from Kong Gateway 3.9.3', () => {
  let results: readonly GroupResult[] = []

  beforeAll(async () => {
    results = await replayGroups(groups)
    console.log(resultTable(results, expected))
  }, 600_000)

  it.each(groups.map(({ name }) => name))('%s is kept where it was reached', (name) => {
    const result = results.find(({ group }) => group === name)!
    expect(result.passes, JSON.stringify(result.failures, undefined, 1)).toBeGreaterThanOrEqual(
      expected[name] ?? 0,
    )
  })

  it('says for every group how much is expected', () => {
    expect(Object.keys(expected).sort()).toEqual(groups.map(({ name }) => name).sort())
  })
})
