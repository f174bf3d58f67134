import { describe, expect, it } from 'vitest'
import { historyRecord, MAX_VERSIONS, MemoryJournal, type HistoryRecord } from './history.ts'
import type { Change } from './store.ts'

const change: Change = { kind: 'consumers', id: 'x', before: undefined, after: { id: 'x' } }

function record(version: number, changes: number): HistoryRecord {
  return historyRecord({
    version,
    atMs: version,
    origin: { by: 'admin-api' },
    changes: Array.from({ length: changes }, () => change),
  })
}

describe('a journal in memory', () => {
  it('keeps the newest versions, each once and in order', () => {
    const journal = new MemoryJournal()
    for (let version = 1; version <= 3 * MAX_VERSIONS + 7; version += 1)
      journal.append(record(version, 1))
    const versions = journal.records().map(({ version }) => version)
    expect(versions).toHaveLength(MAX_VERSIONS)
    expect(versions[0]).toBe(2 * MAX_VERSIONS + 8)
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
  })

  it('keeps fewer where they changed much, and the newest at any rate', () => {
    const journal = new MemoryJournal()
    for (let version = 1; version <= 100; version += 1) journal.append(record(version, 9000))
    expect(journal.records().map(({ version }) => version)).toEqual(
      Array.from({ length: 11 }, (_, at) => 90 + at),
    )
  })

  it('keeps only the count of what is too much for one', () => {
    expect(record(1, 10_000).changes).toHaveLength(10_000)
    const large = record(1, 10_001)
    expect(large).toMatchObject({ changeCount: 10_001 })
    expect(large).not.toHaveProperty('changes')
  })
})
