import type { Consumer, Entity } from '../../entities/entity.ts'
import type { ConsumerSource, SourceAnswer } from '../consumer-source.ts'

/** A record that a test may end: `usableUntil` says when what was made of it is over. */
export interface FakeRecord {
  readonly kind: 'found'
  readonly consumer: Consumer
  readonly credential: Entity | undefined
  readonly groups?: readonly string[]
  usableUntil: number
}

export interface FakeSource extends ConsumerSource {
  /** By `kind.field=value`; absent ones are nobody's. */
  readonly records: Map<string, FakeRecord | 'unavailable'>
  /** What was asked, in order. */
  readonly asked: string[]
}

/** A source that has to be waited for, and remembers nothing. */
export function fakeSource(
  given: Readonly<Record<string, FakeRecord | 'unavailable'>> = {},
): FakeSource {
  const records = new Map(Object.entries(given))
  const asked: string[] = []
  return {
    records,
    asked,
    knows: () => true,
    find(kind, field, value): Promise<SourceAnswer> {
      const name = `${kind}.${field}=${value}`
      asked.push(name)
      const record = records.get(name)
      if (record === 'unavailable') return Promise.resolve({ kind: 'unavailable' })
      return Promise.resolve(record ?? { kind: 'none' })
    },
    groupsOf(consumer) {
      const known = [...records.values()].find(
        (record) => record !== 'unavailable' && record.consumer === consumer,
      )
      return known === undefined || known === 'unavailable' ? undefined : known.groups
    },
  }
}

/** A record of a consumer by its name, with a credential if one is meant. */
export function fakeRecord(
  username: string,
  credential?: Readonly<Record<string, unknown>>,
  more: Partial<FakeRecord> = {},
): FakeRecord {
  const id = `c-${username}`
  const consumer = { id, username, custom_id: null, tags: null } as unknown as Consumer
  return {
    kind: 'found',
    consumer,
    credential: credential && { id: `of ${username}`, consumer: { id }, ...credential },
    usableUntil: Infinity,
    ...more,
  }
}
