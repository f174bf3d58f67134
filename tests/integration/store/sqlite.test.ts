import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import {
  consumer,
  CONTRACT_CATALOG,
  service,
  storeContract,
} from '../../../src/store/store.contract.ts'
import type { Store } from '../../../src/store/store.ts'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import { PATIENCE_MS } from '../../support/until.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const newFile = () => path.join(folder, `${randomUUID()}.db`)
const open = (file: string) => openSqliteStore(CONTRACT_CATALOG, { file })
const insert = (store: Store, kind: string, entity: ReturnType<typeof service>) =>
  store.write([{ op: 'insert', kind, entity }], { by: 'admin-api' })

storeContract('openSqliteStore()', async (catalog) => {
  let nowMs = 1_700_000_000_000
  return {
    store: await openSqliteStore(catalog, { file: newFile(), now: () => nowMs }),
    advance: (seconds) => (nowMs += seconds * 1000),
  }
})

describe('openSqliteStore()', () => {
  it('finds again what was written, in any order of writes and deletes', async () => {
    const file = newFile()
    const first = await open(file)
    const [kept, gone] = [service('kept'), service('gone')]
    await insert(first, 'services', kept)
    await insert(first, 'services', gone)
    await first.write([{ op: 'delete', kind: 'services', id: gone.id }], { by: 'admin-api' })
    await first.close()
    const second = await open(file)
    expect(second.all()).toEqual({ services: [kept] })
    expect(second.version).toBe(3)
    await second.close()
  })

  it('forgets old versions when those it remembers take too much room', async () => {
    const store = await open(newFile())
    const text = 'x'.repeat(3 * 1024 * 1024)
    for (let count = 0; count < 32; count += 1)
      await insert(store, 'consumers', consumer(text + count))
    const versions = (await store.history()).map(({ version }) => version)
    // 21 times 3 MiB are within 64 MiB, the 22nd is not.
    expect(versions).toEqual(Array.from({ length: 21 }, (_, at) => 12 + at))
    await store.close()
  })

  it('has every acknowledged write after the process was killed in the midst of writing', async () => {
    const file = newFile()
    const program = `
      import { openSqliteStore } from ${JSON.stringify(path.resolve('src/store/sqlite-store.ts'))}
      import { createCatalog } from ${JSON.stringify(path.resolve('src/entities/create-catalog.ts'))}
      const catalog = createCatalog([], { flavor: 'traditional_compatible' })
      const store = await openSqliteStore(catalog, { file: ${JSON.stringify(file)} })
      for (;;) {
        const entity = { id: crypto.randomUUID(), username: crypto.randomUUID(), tags: null }
        const result = await store.write([{ op: 'insert', kind: 'consumers', entity }], { by: 'import' })
        if (result.ok) console.log(entity.id)
        await new Promise(setImmediate)
      }`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const acknowledged: string[] = []
    for await (const id of createInterface({ input: child.stdout }))
      if (acknowledged.push(id) === 50) child.kill('SIGKILL')
    const store = await open(file)
    const stored = new Set((store.all()['consumers'] ?? []).map(({ id }) => id))
    expect(acknowledged.length).toBeGreaterThanOrEqual(50)
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([])
    await store.close()
  })

  it('shares its file with other processes: each sees what the others write', async () => {
    const file = newFile()
    const [one, two] = [await open(file), await open(file)]
    const heard: string[] = []
    two.subscribe(({ origin, changes }) => heard.push(`${origin.by} ${changes[0]?.id}`))
    const row = service('shared')
    await insert(one, 'services', row)
    await vi.waitFor(() => expect(two.get('services', row.id)).toEqual(row), PATIENCE_MS)
    expect(heard).toEqual([`other-node ${row.id}`])
    await Promise.all([one.close(), two.close()])
  })

  it('keeps its rules against writes of others that it has not seen yet', async () => {
    const file = newFile()
    const [one, two] = [await open(file), await open(file)]
    const owner = consumer('ann')
    const results = await Promise.all(
      [one, two].flatMap((store) =>
        ['a', 'b', 'c', 'd'].map((name) => insert(store, 'services', service(name))),
      ),
    )
    expect(results.filter(({ ok }) => ok)).toHaveLength(4)
    await insert(one, 'consumers', owner)
    const token = { ...service(null), consumer: { id: owner.id }, text: 't', label: null }
    expect(await insert(two, 'tokens', token)).toMatchObject({ ok: true })
    await one.write([{ op: 'delete', kind: 'consumers', id: owner.id }], { by: 'admin-api' })
    expect(one.get('tokens', token.id)).toBeUndefined()
    expect(await insert(two, 'tokens', { ...token, id: randomUUID() })).toMatchObject({
      fault: { fault: 'foreign-key-missing' },
    })
    await Promise.all([one.close(), two.close()])
  })

  it('keeps rows of kinds whose plugin is not loaded, as long as what they belong to', async () => {
    const file = newFile()
    const full = await open(file)
    const [ann, ben] = [consumer('ann'), consumer('ben')]
    const tokenOf = (owner: { id: string }, text: string) => ({
      ...service(null),
      consumer: { id: owner.id },
      text,
      label: null,
    })
    for (const row of [ann, ben]) await insert(full, 'consumers', row)
    await insert(full, 'tokens', tokenOf(ann, 'a'))
    const kept = tokenOf(ben, 'b')
    await insert(full, 'tokens', kept)
    await full.close()
    const bare = await openSqliteStore(createCatalog([], { flavor: 'traditional_compatible' }), {
      file,
    })
    expect(Object.keys(bare.all())).toEqual(['consumers'])
    await bare.write([{ op: 'delete', kind: 'consumers', id: ann.id }], { by: 'admin-api' })
    await bare.close()
    const again = await open(file)
    expect(again.all()['tokens']).toEqual([kept])
    await again.close()
  })

  it('lets nobody else read its file, which holds secrets', async () => {
    const file = newFile()
    const store = await open(file)
    await insert(store, 'services', service('one'))
    for (const suffix of ['', '-wal', '-shm'])
      expect(statSync(`${file}${suffix}`).mode & 0o077).toBe(0)
    await store.close()
  })

  it('refuses files that are not its own, and leaves them alone', async () => {
    const [text, foreign, later] = [newFile(), newFile(), newFile()]
    writeFileSync(text, 'not a database, but long enough to look like a file of something else')
    new DatabaseSync(foreign).exec('CREATE TABLE things (id INTEGER)')
    new DatabaseSync(later).exec('PRAGMA user_version = 999')
    await expect(open(text)).rejects.toThrow(/Cannot open the SQLite database ".*": /)
    await expect(open(foreign)).rejects.toThrow('it is the database of another program')
    await expect(open(later)).rejects.toThrow('it was made by a later version of Portunus')
    await expect(open(path.join(folder, 'none', 'x.db'))).rejects.toThrow('ENOENT')
  })

  it('says that it cannot write when the file is locked, and writes again afterwards', async () => {
    const file = newFile()
    const store = await open(file)
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    expect(await insert(store, 'services', service('one'))).toMatchObject({
      ok: false,
      fault: { fault: 'unavailable', detail: expect.stringContaining('locked') },
    })
    expect(store.count('services')).toBe(0)
    other.exec('ROLLBACK')
    other.close()
    expect(await insert(store, 'services', service('one'))).toMatchObject({ ok: true })
    expect(await store.isReachable()).toBe(true)
    await store.close()
  })
})
