import { describe, expect, it } from 'vitest'
import { HealthCounters } from './health-counters.ts'
import { Count, healthMemory, HealthTable } from './health-table.ts'

describe(HealthTable, () => {
  it('gives the same cell to all threads that ask for a key, zeroes at first', () => {
    const memory = healthMemory()
    const [one, other] = [new HealthTable(memory), new HealthTable(memory)]
    const cell = one.acquire('a')
    expect(cell.increment(Count.TIMEOUTS)).toBe(1)
    const same = other.acquire('a')
    expect(same.get(Count.TIMEOUTS)).toBe(1)
    same.openUntilMs = 1.5e12
    expect(cell.openUntilMs).toBe(1.5e12)
    expect(other.acquire('b').get(Count.TIMEOUTS)).toBe(0)
  })

  it('forgets a key when the last one has let it go, and not before', () => {
    const memory = healthMemory()
    const [one, other] = [new HealthTable(memory), new HealthTable(memory)]
    const [first, second] = [one.acquire('a'), other.acquire('a')]
    first.set(Count.STATE, 1)
    one.release(first)
    expect(one.acquire('a').get(Count.STATE)).toBe(1)
    other.release(second)
    one.release(one.acquire('a'))
    expect(second.get(Count.STATE)).toBe(1)
    second.set(Count.STATE, 0)
    expect(one.acquire('a').get(Count.STATE)).toBe(1)
  })

  it('leaves a cell that was let go to its holder alone', () => {
    const table = new HealthTable()
    const cell = table.acquire('a')
    cell.set(Count.TIMEOUTS, 3)
    table.release(cell)
    table.release(cell)
    const next = table.acquire('a')
    expect([cell.get(Count.TIMEOUTS), next.get(Count.TIMEOUTS)]).toEqual([3, 0])
    cell.increment(Count.TIMEOUTS)
    expect(next.get(Count.TIMEOUTS)).toBe(0)
  })

  it('counts for each thread alone where there is no room, and goes on', () => {
    const memory = healthMemory(1)
    const [one, other] = [new HealthTable(memory), new HealthTable(memory)]
    const cells = Array.from({ length: 100 }, (_, number) => one.acquire(String(number)))
    for (const cell of cells) cell.increment(Count.TIMEOUTS)
    const seen = cells.map((_, number) => other.acquire(String(number)).get(Count.TIMEOUTS))
    expect(seen.filter((count) => count === 1)).toHaveLength(16)
    expect(cells.every((cell) => cell.get(Count.TIMEOUTS) === 1)).toBe(true)
  })

  it('tells of changes by its generation', () => {
    const memory = healthMemory()
    const [one, other] = [new HealthTable(memory), new HealthTable(memory)]
    const before = other.generation
    one.changed()
    expect(other.generation).not.toBe(before)
  })

  it('lets exactly one of several counters that reach a limit together see the flip', () => {
    const memory = healthMemory()
    const limits = {
      successes: 1,
      httpFailures: 0,
      tcpFailures: 2,
      timeouts: 0,
      healthyStatuses: new Set([200]),
      unhealthyStatuses: new Set<number>(),
    }
    const counters = [1, 2, 3].map(() => new HealthCounters(new HealthTable(memory).acquire('a')))
    const flips = counters.map((each) => each.count({ kind: 'connect-failed' }, limits))
    expect(flips).toEqual([false, true, false])
    expect(counters.map(({ isHealthy }) => isHealthy)).toEqual([false, false, false])
  })
})
