import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Catalog, PluginSchema } from '../entities/catalog.ts'
import { createCatalog } from '../entities/create-catalog.ts'
import type { Entity, EntityKind, EntitySet } from '../entities/entity.ts'
import { entitiesOfVersion, oldestReachable } from './history.ts'
import type { Operation, Store, WriteFault } from './store.ts'

/** A kind with all that a store must care for: a parent, a unique value, tags, an end. */
const tokens: EntityKind = {
  name: 'tokens',
  endpointKey: 'text',
  hasTtl: true,
  uniqueTogether: [['consumer', 'label']],
  fields: {
    id: { type: 'string', uuid: true, auto: true },
    created_at: { type: 'integer', auto: true },
    consumer: { type: 'foreign', reference: 'consumers', on_delete: 'cascade' },
    text: { type: 'string', unique: true },
    label: { type: 'string' },
    tags: { type: 'set', elements: { type: 'string' } },
  },
}

/** A kind of which plugins make rows. */
const logins: EntityKind = {
  name: 'logins',
  isIssued: true,
  fields: {
    id: { type: 'string', uuid: true, auto: true },
    consumer: { type: 'foreign', reference: 'consumers', on_delete: 'cascade' },
  },
}

const PLUGIN: PluginSchema = {
  name: 'tokens',
  config: { type: 'record', fields: {} },
  checks: [],
  protocols: { allowed: ['http'], default: ['http'] },
  not: [],
  entities: [tokens, logins],
}

export interface OpenStore {
  readonly store: Store
  /** Moves the store's clock. */
  readonly advance: (seconds: number) => void
}

/** Opens an empty, writable store. */
export type StoreOpener = (catalog: Catalog) => OpenStore | Promise<OpenStore>

export const CONTRACT_CATALOG = createCatalog([PLUGIN], { flavor: 'traditional_compatible' })

/** What every store does, whatever its medium. */
export function storeContract(name: string, open: StoreOpener): void {
  describe(name, () => {
    let store: Store
    let advance: OpenStore['advance']

    beforeEach(async () => {
      ;({ store, advance } = await open(CONTRACT_CATALOG))
    })
    afterEach(() => store.close())

    async function write(...operations: Operation[]) {
      return store.write(operations, { by: 'admin-api' })
    }

    async function refusal(...operations: Operation[]): Promise<WriteFault | undefined> {
      const result = await write(...operations)
      return result.ok ? undefined : result.fault
    }

    const insert = (kind: string, entity: Entity): Operation => ({ op: 'insert', kind, entity })
    const remove = (kind: string, id: string): Operation => ({ op: 'delete', kind, id })

    it('gives back what was written, by id and by unique field', async () => {
      const row = service('one')
      expect(await write(insert('services', row))).toMatchObject({ ok: true, version: 1 })
      expect(store.get('services', row.id)).toEqual(row)
      expect(store.getBy('services', 'name', 'one')).toEqual(row)
      expect(store.getBy('services', 'name', 'two')).toBeUndefined()
      expect(store.all()).toEqual({ services: [row] })
      expect(store.count('services')).toBe(1)
    })

    it('refuses an id that is taken on insert, and replaces the row on upsert', async () => {
      const row = service('one')
      await write(insert('services', row))
      expect(await refusal(insert('services', { ...row, name: 'two' }))).toEqual({
        fault: 'primary-key-taken',
        kind: 'services',
        key: { id: row.id },
      })
      const replaced = { ...row, name: 'two' }
      await write({ op: 'upsert', kind: 'services', entity: replaced })
      expect(store.getBy('services', 'name', 'two')).toEqual(replaced)
      expect(store.getBy('services', 'name', 'one')).toBeUndefined()
    })

    it('refuses an update of what is not there', async () => {
      const row = service('one')
      expect(await refusal({ op: 'update', kind: 'services', entity: row })).toEqual({
        fault: 'not-found',
        kind: 'services',
        key: { id: row.id },
      })
    })

    it('keeps unique values unique, and lets any number of rows have none', async () => {
      const first = service('one')
      await write(insert('services', first))
      expect(await refusal(insert('services', service('one')))).toEqual({
        fault: 'unique-violation',
        kind: 'services',
        key: { name: 'one' },
      })
      await write(insert('services', service(null)), insert('services', service(null)))
      expect(store.count('services')).toBe(3)
      await write(remove('services', first.id))
      expect(await refusal(insert('services', service('one')))).toBeUndefined()
    })

    it('keeps values that are unique together so, missing ones counting as values', async () => {
      const row = plugin({ name: 'cors' })
      await write(insert('plugins', row))
      expect(await refusal(insert('plugins', plugin({ name: 'cors' })))).toEqual({
        fault: 'unique-violation',
        kind: 'plugins',
        key: { name: 'cors', route: null, service: null, consumer: null },
      })
      const owner = service('one')
      const scoped = plugin({ name: 'cors', service: { id: owner.id } })
      expect(await refusal(insert('services', owner), insert('plugins', scoped))).toBeUndefined()
    })

    it('refuses references to what is not there, and takes those made in the same write', async () => {
      const owner = service('one')
      const row = route({ service: { id: owner.id } })
      expect(await refusal(insert('routes', row))).toEqual({
        fault: 'foreign-key-missing',
        kind: 'routes',
        field: 'service',
        reference: 'services',
        key: { id: owner.id },
      })
      expect(await refusal(insert('services', owner), insert('routes', row))).toBeUndefined()
    })

    it('does all of a write or nothing of it', async () => {
      const kept = service('kept')
      await write(insert('services', kept))
      const before = store.all()
      const fault = await refusal(
        insert('services', service('new')),
        { op: 'update', kind: 'services', entity: { ...kept, name: 'renamed' } },
        remove('services', kept.id),
        insert('services', service('new')),
      )
      expect(fault).toMatchObject({ fault: 'unique-violation' })
      expect(store.all()).toEqual(before)
      expect(store.getBy('services', 'name', 'new')).toBeUndefined()
      expect(store.getBy('services', 'name', 'kept')).toEqual(kept)
      expect(store.version).toBe(1)
    })

    it('deletes with a parent what cannot be without it, at every depth', async () => {
      const owner = consumer('ann')
      const token = tokenOf(owner, { text: 't' })
      const scoped = plugin({ name: 'cors', consumer: { id: owner.id } })
      await write(insert('consumers', owner), insert('tokens', token), insert('plugins', scoped))
      const result = await write(remove('consumers', owner.id))
      expect(result).toMatchObject({ ok: true })
      expect(store.all()).toEqual({})
      expect(result.ok && result.changes.map(({ kind }) => kind).sort()).toEqual([
        'consumers',
        'plugins',
        'tokens',
      ])
    })

    it('keeps a parent that others need', async () => {
      const owner = service('one')
      const child = route({ service: { id: owner.id } })
      const scoped = plugin({ name: 'cors', service: { id: owner.id } })
      await write(insert('services', owner), insert('routes', child), insert('plugins', scoped))
      expect(await refusal(remove('services', owner.id))).toEqual({
        fault: 'referenced',
        kind: 'services',
        by: 'routes',
      })
      expect(store.get('plugins', scoped.id)).toEqual(scoped)
      expect(
        await refusal(remove('routes', child.id), remove('services', owner.id)),
      ).toBeUndefined()
    })

    it('takes a delete of what is not there as done', async () => {
      expect(await write(remove('services', randomUUID()))).toEqual({
        ok: true,
        changes: [],
        version: 0,
      })
    })

    it('reads pages in ascending order of id that together are all rows, once each', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.uuid(), { maxLength: 40 }),
          fc.integer({ min: 1, max: 12 }),
          async (ids, size) => {
            const rows = ids.map((id) => ({ ...consumer(id), id }))
            await store.replaceAll({ consumers: rows }, { by: 'file' })
            expect(pages(store, 'consumers', size)).toEqual(ids.toSorted())
          },
        ),
        { numRuns: 30 },
      )
    })

    it('pages through rows by tags, all of them or any of them', async () => {
      const rows = [['a'], ['b'], ['a', 'b'], ['c'], null].map((tags, index) => ({
        ...consumer(`c${index}`),
        tags,
      }))
      await write(...rows.map((row) => insert('consumers', row)))
      const named = (names: string[], combine: 'and' | 'or') =>
        store
          .page('consumers', { size: 10, tags: { names, combine } })
          .rows.map(({ username }) => username)
          .sort()
      expect(named(['a'], 'and')).toEqual(['c0', 'c2'])
      expect(named(['a', 'b'], 'and')).toEqual(['c2'])
      expect(named(['b', 'c'], 'or')).toEqual(['c1', 'c2', 'c3'])
      expect(named(['nope'], 'or')).toEqual([])
    })

    it('pages through the rows of a parent', async () => {
      const [ann, ben] = [consumer('ann'), consumer('ben')]
      const mine = [tokenOf(ann, { text: '1', label: 'x' }), tokenOf(ann, { text: '2' })]
      const theirs = tokenOf(ben, { text: '3', label: 'x' })
      await write(
        ...[ann, ben].map((row) => insert('consumers', row)),
        ...[...mine, theirs].map((row) => insert('tokens', row)),
      )
      const page = store.page('tokens', {
        size: 10,
        referring: { field: 'consumer', id: ann.id },
      })
      expect(page.rows.map(({ id }) => id)).toEqual(mine.map(({ id }) => id).sort())
      const scope = { field: 'consumer', id: ann.id }
      expect(store.getBy('tokens', 'label', 'x', scope)).toEqual(mine[0])
      expect(store.getBy('tokens', 'text', '2', scope)).toEqual(mine[1])
      expect(store.getBy('tokens', 'text', '3', scope)).toBeUndefined()
    })

    it('loses rows when their time is over, and frees their values', async () => {
      const owner = consumer('ann')
      const token = tokenOf(owner, { text: 'short', ttl: 60 })
      await write(insert('consumers', owner), insert('tokens', token))
      advance(59)
      expect(store.get('tokens', token.id)).toMatchObject({ text: 'short' })
      advance(1)
      expect(store.get('tokens', token.id)).toBeUndefined()
      expect(store.getBy('tokens', 'text', 'short')).toBeUndefined()
      expect(store.page('tokens', { size: 10 }).rows).toEqual([])
      expect(store.all()['tokens']).toBeUndefined()
      expect(store.count('tokens')).toBe(0)
      const again = tokenOf(owner, { text: 'short' })
      expect(await refusal(insert('tokens', again))).toBeUndefined()
      expect(store.count('tokens')).toBe(1)
    })

    it('replaces everything at once, or nothing where rows break a rule', async () => {
      const [old, kept] = [service('old'), service('kept')]
      await write(insert('services', old), insert('services', kept))
      const child = route({ service: { id: kept.id } })
      const result = await store.replaceAll(
        { routes: [child], services: [kept] },
        { by: 'config-endpoint' },
      )
      expect(result.ok && result.changes).toEqual(
        [
          { kind: 'services', id: old.id, before: old, after: undefined },
          { kind: 'routes', id: child.id, before: undefined, after: child },
        ].sort((a, b) => (result.ok && result.changes[0]!.kind === a.kind ? -1 : b ? 1 : 0)),
      )
      const broken = await store.replaceAll({ routes: [child] }, { by: 'file' })
      expect(broken).toMatchObject({ ok: false, fault: { fault: 'foreign-key-missing' } })
      expect(store.get('services', kept.id)).toEqual(kept)
    })

    it('tells listeners of each write once, in order, after it can be read', async () => {
      const heard: unknown[] = []
      const row = service('one')
      const unsubscribe = store.subscribe(({ version, changes, origin }) =>
        heard.push([
          version,
          changes.length,
          origin.by,
          store.get('services', row.id) !== undefined,
        ]),
      )
      await Promise.all([
        write(insert('services', row)),
        write(insert('services', service('one'))),
        write(insert('services', service('two'))),
      ])
      unsubscribe()
      await write(insert('services', service('three')))
      expect(heard).toEqual([
        [1, 1, 'admin-api', true],
        [2, 1, 'admin-api', true],
      ])
    })

    it('remembers each version: when it came, from where, and what it changed', async () => {
      const [first, second] = [service('one'), service('two')]
      await write(insert('services', first))
      advance(60)
      const changed = { ...first, name: 'other' }
      await store.write([{ op: 'update', kind: 'services', entity: changed }], {
        by: 'import',
        detail: 'kong.yml',
      })
      await refusal(insert('services', { ...second, name: 'other' }))
      await store.replaceAll({ services: [second] }, { by: 'config-endpoint' })
      const records = await store.history()
      expect(records).toMatchObject([
        {
          version: 1,
          origin: { by: 'admin-api' },
          changeCount: 1,
          changes: [{ kind: 'services', id: first.id, after: first }],
        },
        {
          version: 2,
          origin: { by: 'import', detail: 'kong.yml' },
          changes: [{ before: { name: 'one' }, after: { name: 'other' } }],
        },
        { version: 3, origin: { by: 'config-endpoint' }, changeCount: 2 },
      ])
      expect(records[1]!.atMs - records[0]!.atMs).toBe(60_000)
    })

    it('can be put back to each version it remembers', async () => {
      const states: unknown[] = [store.all()]
      const [one, two] = [service('one'), service('two')]
      const steps: readonly (readonly Operation[])[] = [
        [insert('services', one), insert('routes', route({ service: { id: one.id } }))],
        [{ op: 'update', kind: 'services', entity: { ...one, name: 'renamed' } }],
        [
          insert('services', two),
          insert('plugins', plugin({ service: { id: two.id }, name: 'x' })),
        ],
        [remove('services', two.id)],
      ]
      for (const step of steps) {
        expect((await write(...step)).ok).toBe(true)
        states.push(store.all())
      }
      const records = await store.history()
      for (const [version, state] of states.entries()) {
        const entities = entitiesOfVersion(store.all(), store.version, { records, version })
        expect(withoutEmpty(entities)).toEqual(state)
      }
      expect(oldestReachable(records, store.version)).toBe(0)
      const back = entitiesOfVersion(store.all(), store.version, { records, version: 3 })
      expect((await store.replaceAll(back!, { by: 'rollback' })).ok).toBe(true)
      expect(store.all()).toEqual(states[3])
    })

    it('says nothing in its history of rows that plugins issue, which stay on the way back', async () => {
      const [early, late] = [consumer('early'), consumer('late')]
      const login = ({ id }: Entity): Entity => ({ id: randomUUID(), consumer: { id } })
      const [stays, goes] = [login(early), login(late)]
      await write(insert('consumers', early))
      for (let count = 0; count < 20; count += 1) await write(insert('logins', login(early)))
      await write(insert('logins', stays))
      await write(insert('consumers', late), insert('logins', goes))
      await write(insert('logins', login(late)))
      const records = await store.history()
      expect(records.filter(({ changeCount }) => changeCount > 0)).toMatchObject([
        { version: 1, changes: [{ kind: 'consumers' }] },
        { version: 23, changes: [{ kind: 'consumers' }] },
      ])
      expect(oldestReachable(records, store.version)).toBe(0)
      for (const version of [1, 5, 22]) {
        const { consumers } = entitiesOfVersion(store.all(), store.version, { records, version })!
        expect(consumers).toEqual([early])
      }
      const back = entitiesOfVersion(store.all(), store.version, { records, version: 1 })!
      expect((await store.replaceAll(back, { by: 'rollback' })).ok).toBe(true)
      expect(store.count('logins')).toBe(21)
      expect(store.get('logins', stays.id)).toEqual(stays)
      expect(store.get('logins', goes.id)).toBeUndefined()
    })

    it('is left as a plain map would be by any sequence of writes', async () => {
      const ids = Array.from({ length: 5 }, () => randomUUID())
      const step = fc.record({
        op: fc.constantFrom('insert', 'upsert', 'update', 'delete'),
        id: fc.constantFrom(...ids),
        username: fc.constantFrom('a', 'b', 'c'),
        tags: fc.constantFrom(null, ['x'], ['x', 'y']),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          await store.replaceAll({}, { by: 'file' })
          const expected = new Map<string, Entity>()
          for (const { op, id, username, tags } of steps) {
            const entity = { ...consumer(username), id, tags }
            const isTaken = [...expected.values()].some(
              (row) => row.id !== id && row['username'] === username,
            )
            const isThere = expected.has(id)
            const result = await write(
              op === 'delete' ? remove('consumers', id) : { op, kind: 'consumers', entity },
            )
            const isRefused =
              op !== 'delete' &&
              (isTaken || (op === 'insert' && isThere) || (op === 'update' && !isThere))
            expect(result.ok).toBe(!isRefused)
            if (isRefused) continue
            if (op === 'delete') expected.delete(id)
            else expected.set(id, entity)
          }
          expect(store.all()['consumers'] ?? []).toEqual(
            [...expected.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
          )
          const tagged = store.page('consumers', {
            size: 9,
            tags: { names: ['y'], combine: 'and' },
          })
          expect(tagged.rows.map(({ id }) => id)).toEqual(
            [...expected.values()]
              .filter(({ tags }) => (tags as string[] | null)?.includes('y') === true)
              .map(({ id }) => id)
              .sort(),
          )
        }),
        { numRuns: 25 },
      )
    })
  })
}

function pages(store: Store, kind: string, size: number): readonly string[] {
  const ids: string[] = []
  let afterId: string | undefined
  do {
    const page = store.page(kind, { size, ...(afterId !== undefined && { afterId }) })
    expect(page.rows.length).toBeLessThanOrEqual(size)
    ids.push(...page.rows.map(({ id }) => id))
    afterId = page.lastId
  } while (afterId !== undefined)
  return ids
}

function withoutEmpty(entities: EntitySet | undefined): unknown {
  const lists = Object.entries(entities ?? {}).filter(([, rows]) => rows.length > 0)
  return Object.fromEntries(
    lists.map(([kind, rows]) => [kind, rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))]),
  )
}

export function service(name: string | null): Entity {
  return { id: randomUUID(), name, host: 'example.com', tags: null, client_certificate: null }
}

export function consumer(username: string): Entity {
  return { id: randomUUID(), username, custom_id: null, tags: null }
}

function route(fields: Readonly<Record<string, unknown>>): Entity {
  return { id: randomUUID(), name: null, paths: ['/'], tags: null, ...fields }
}

function plugin(fields: Readonly<Record<string, unknown>>): Entity {
  const scope = { route: null, service: null, consumer: null }
  return { id: randomUUID(), instance_name: null, tags: null, ...scope, ...fields }
}

function tokenOf(owner: Entity, fields: Readonly<Record<string, unknown>>): Entity {
  return { id: randomUUID(), consumer: { id: owner.id }, label: null, tags: null, ...fields }
}
