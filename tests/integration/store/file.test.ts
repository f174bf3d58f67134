import { createHash, randomUUID } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { declarativeFiles } from '../../../src/declarative/declarative-file.ts'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import type { Entity } from '../../../src/entities/entity.ts'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import {
  openFileStore,
  type FileContent,
  type FileLanguage,
} from '../../../src/store/file-store.ts'
import { entitiesOfVersion, oldestReachable } from '../../../src/store/history.ts'
import { storeContract } from '../../../src/store/store.contract.ts'
import type { Operation, Store } from '../../../src/store/store.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'portunus-file-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Entities as they are, so that the contract is about the file alone. */
const PLAIN: FileLanguage<FileContent> = {
  read: (text) => ({
    text,
    entities: JSON.parse(text) as FileContent['entities'],
    hash: createHash('md5').update(text).digest('hex'),
  }),
  change: (_content, _changes, after) => PLAIN.write(after),
  write: (entities) => PLAIN.read(JSON.stringify(entities)),
}

storeContract('openFileStore()', async (catalog) => {
  let nowMs = 1_700_000_000_000
  const file = path.join(root, `${randomUUID()}.json`)
  writeFileSync(file, '{}')
  const { store } = await openFileStore(catalog, { file, language: PLAIN, now: () => nowMs })
  return { store, advance: (seconds) => (nowMs += seconds * 1000) }
})

describe('openFileStore() over a declarative file', () => {
  const catalog = createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible' })
  const TEXT = `# ours
_format_version: "3.0"
services:
  - name: orders    # the first
    url: http://orders/v1
consumers:
  - username: ann
`
  let folder: string
  let file: string
  const language = () => declarativeFiles({ catalog, fileName: file })
  const open = () => openFileStore(catalog, { file, language: language() })
  const text = () => readFileSync(file, 'utf8')
  const write = (store: Store, ...operations: Operation[]) =>
    store.write(operations, { by: 'admin-api' })

  beforeEach(() => {
    folder = mkdtempSync(path.join(root, 'case-'))
    file = path.join(folder, 'kong.yml')
    writeFileSync(file, TEXT)
  })

  function changed(row: Entity, fields: object): Operation {
    return { op: 'update', kind: 'services', entity: { ...row, ...fields } }
  }

  it('saves a write into the file and keeps what somebody wrote around it', async () => {
    const { store, hash } = await open()
    const row = store.getBy('services', 'name', 'orders')!
    expect(await write(store, changed(row, { retries: 1 }))).toMatchObject({ ok: true })
    expect(text()).toContain('# ours\n')
    expect(text()).toContain('  - name: orders    # the first\n')
    expect(text()).toContain('    retries: 1\n')
    expect(hash()).toBe(createHash('md5').update(text()).digest('hex'))
    const again = await open()
    expect(again.store.getBy('services', 'name', 'orders')).toMatchObject({
      id: row.id,
      retries: 1,
      path: '/v1',
    })
  })

  it('reads what an editor wrote before it writes itself', async () => {
    const { store, refresh } = await open()
    const row = store.getBy('services', 'name', 'orders')!
    writeFileSync(file, TEXT.replace('ann', 'ben'))
    expect(await write(store, changed(row, { retries: 1 }))).toMatchObject({ ok: true })
    expect(store.getBy('consumers', 'username', 'ben')).toBeDefined()
    expect(text()).toContain('username: ben')
    expect(text()).toContain('retries: 1')
    writeFileSync(file, TEXT.replace('ann', 'zoe'))
    await refresh()
    expect(store.getBy('consumers', 'username', 'zoe')).toBeDefined()
    expect(store.get('services', row.id)).toMatchObject({ retries: 5 })
  })

  it('writes nothing over a file that somebody has broken, and goes on as before', async () => {
    const { store, refresh } = await open()
    const row = store.getBy('services', 'name', 'orders')!
    const broken = TEXT.replace('url:', 'urll:')
    writeFileSync(file, broken)
    expect(await write(store, changed(row, { retries: 1 }))).toMatchObject({
      fault: { fault: 'unavailable', detail: expect.stringContaining("'urll': unknown field") },
    })
    await expect(refresh()).rejects.toThrow("'urll': unknown field")
    expect(text()).toBe(broken)
    expect(store.get('services', row.id)).toEqual(row)
    writeFileSync(file, TEXT)
    expect(await write(store, changed(row, { retries: 1 }))).toMatchObject({ ok: true })
  })

  it('replaces the file whole: same mode, through links, nothing left behind', async () => {
    chmodSync(file, 0o640)
    const link = path.join(folder, 'link.yml')
    symlinkSync('kong.yml', link)
    const { store } = await openFileStore(catalog, { file: link, language: language() })
    const inode = statSync(file).ino
    await write(store, changed(store.getBy('services', 'name', 'orders')!, { retries: 1 }))
    expect(statSync(file).ino).not.toBe(inode)
    expect(statSync(file).mode & 0o777).toBe(0o640)
    expect(text()).toContain('retries: 1')
    expect(readdirSync(folder).sort()).toEqual(['kong.yml', 'link.yml'])
  })

  it('refuses a write that it cannot save', async () => {
    const { store } = await open()
    const row = store.getBy('services', 'name', 'orders')!
    rmSync(file)
    expect(await write(store, changed(row, { retries: 1 }))).toMatchObject({
      fault: { fault: 'unavailable', detail: expect.stringContaining('ENOENT') },
    })
    expect(store.get('services', row.id)).toEqual(row)
    expect(await store.isReachable()).toBe(false)
  })

  it('writes a configuration that comes whole as people would', async () => {
    const { store } = await open()
    const { store: other } = await openFileStore(catalog, {
      file: copy(TEXT.replace('ann', 'ben')),
      language: language(),
    })
    await store.replaceAll(other.all(), { by: 'config-endpoint' })
    expect(text()).toMatch(/^_format_version: "3\.0"\n/)
    expect(text()).toContain('username: ben')
    expect(text()).not.toContain('null')
    expect((await open()).store.getBy('consumers', 'username', 'ben')).toBeDefined()
  })

  function copy(content: string): string {
    const name = path.join(folder, 'other.yml')
    writeFileSync(name, content)
    return name
  }

  it('refuses to open a file that is wrong', async () => {
    writeFileSync(file, 'services: 5\n')
    await expect(open()).rejects.toThrow("in '_format_version': required field missing")
  })
})

describe('the history of a store in a file', () => {
  const open = (file: string) =>
    openFileStore(createCatalog([], { flavor: 'traditional_compatible' }), {
      file,
      language: PLAIN,
      historyFile: `${file}.history`,
    })
  const consumer = (username: string): Operation => ({
    op: 'insert',
    kind: 'consumers',
    entity: { id: randomUUID(), username, custom_id: null, tags: null },
  })

  it('goes on after a restart, without what was cut off in a crash, and only for its owner', async () => {
    const file = path.join(root, `${randomUUID()}.json`)
    writeFileSync(file, '{}')
    const first = await open(file)
    await first.store.write([consumer('ann')], { by: 'admin-api' })
    await first.store.close()
    appendFileSync(`${file}.history`, '{"version":2,"at')
    const second = await open(file)
    expect(second.store.version).toBe(1)
    await second.store.write([consumer('bob')], { by: 'admin-api' })
    const { store } = await open(file)
    expect(await store.history()).toMatchObject([{ version: 1 }, { version: 2, changeCount: 1 }])
    expect(statSync(`${file}.history`).mode & 0o777).toBe(0o600)
  })

  it('tells what somebody wrote into the file meanwhile', async () => {
    const file = path.join(root, `${randomUUID()}.json`)
    writeFileSync(file, '{}')
    const { store, refresh } = await open(file)
    writeFileSync(file, JSON.stringify({ consumers: [{ id: 'x', username: 'ann' }] }))
    await refresh()
    expect(await store.history()).toMatchObject([
      { version: 1, origin: { by: 'file' }, changes: [{ id: 'x', after: { username: 'ann' } }] },
    ])
  })

  it('has a gap where the file changed while nobody looked', async () => {
    const file = path.join(root, `${randomUUID()}.json`)
    writeFileSync(file, '{}')
    const first = await open(file)
    await first.store.write([consumer('ann')], { by: 'admin-api' })
    await first.store.close()
    writeFileSync(file, JSON.stringify({ consumers: [] }))
    const { store } = await open(file)
    await store.write([consumer('bob')], { by: 'admin-api' })
    const records = await store.history()
    expect(records.map(({ version }) => version)).toEqual([1, 3])
    expect(oldestReachable(records, store.version)).toBe(2)
    expect(entitiesOfVersion(store.all(), store.version, { records, version: 1 })).toBeUndefined()
  })
})
