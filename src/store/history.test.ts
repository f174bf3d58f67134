import { describe, expect, it } from 'vitest'
import {
  entitiesOfVersion,
  historyRecord,
  MAX_VERSIONS,
  MemoryJournal,
  oldestReachable,
  withQuietVersions,
  type HistoryRecord,
} from './history.ts'
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

describe('the way back', () => {
  const after = { consumers: [{ id: 'x' }] }

  it('passes versions that changed nothing, where the medium says so', () => {
    const records = withQuietVersions([record(3, 1), record(7, 1)], 9)
    expect(records.map(({ version, until }) => [version, until])).toEqual([
      [3, 6],
      [7, 9],
    ])
    expect(oldestReachable(records, 9)).toBe(2)
    for (const version of [2, 3, 4, 6])
      expect(entitiesOfVersion(after, 9, { records, version })).toEqual({ consumers: [] })
    for (const version of [7, 8])
      expect(entitiesOfVersion(after, 9, { records, version })).toEqual(after)
    expect(entitiesOfVersion(after, 9, { records, version: 1 })).toBeUndefined()
  })

  it('ends before a version of which nothing is known', () => {
    const records = [record(3, 1), record(5, 1)]
    expect(oldestReachable(records, 5)).toBe(4)
    expect(entitiesOfVersion(after, 5, { records, version: 4 })).toBeDefined()
    expect(entitiesOfVersion(after, 5, { records, version: 3 })).toBeUndefined()
    expect(oldestReachable(records, 6)).toBe(6)
  })

  it('ends before a version that changed too much to be told', () => {
    const records = withQuietVersions([record(1, 1), record(2, 10_001), record(5, 1)], 5)
    expect(oldestReachable(records, 5)).toBe(2)
    expect(entitiesOfVersion(after, 5, { records, version: 2 })).toBeDefined()
    expect(entitiesOfVersion(after, 5, { records, version: 1 })).toBeUndefined()
  })
})
