import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { declarativeFiles } from '../../../src/declarative/declarative-file.ts'
import { exportDeclarative } from '../../../src/declarative/export.ts'
import { parseDeclarative } from '../../../src/declarative/parse.ts'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import { openFileStore } from '../../../src/store/file-store.ts'
import { createMemoryStore } from '../../../src/store/memory-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { adminClient } from './admin-client.ts'

const catalog = createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible' })
const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-ttl-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const CONSUMER = '_format_version: "3.0"\nconsumers:\n- username: ann\n'

function newFile(text = CONSUMER): string {
  const file = path.join(folder, `${randomUUID()}.yml`)
  writeFileSync(file, text)
  return file
}

/** The file's store as it is some seconds from now. */
async function opened(file: string, secondsAhead = 0): Promise<Store> {
  const language = declarativeFiles({ catalog, fileName: file })
  const now = () => Date.now() + secondsAhead * 1000
  return (await openFileStore(catalog, { file, language, now })).store
}

async function hasKey(file: string, key: string, secondsAhead = 0): Promise<boolean> {
  const store = await opened(file, secondsAhead)
  return store.getBy('keyauth_credentials', 'key', key) !== undefined
}

describe('a key with a time to live, in a file that is written', () => {
  it('ends when it should, however often the file is read', async () => {
    const file = newFile()
    const admin = adminClient({ catalog, store: await opened(file) })
    const body = { key: 'short', ttl: 3600 }
    const made = await admin.call('POST', '/consumers/ann/key-auth', body)
    expect(made.status).toBe(201)
    expect(await hasKey(file, 'short', 3590)).toBe(true)
    expect(await hasKey(file, 'short', 3601)).toBe(false)
    expect(readFileSync(file, 'utf8')).toMatch(/ttl: \d{10}\n/)
  })

  it('ends later or never when it is told to', async () => {
    const file = newFile()
    const admin = adminClient({ catalog, store: await opened(file) })
    await admin.call('POST', '/consumers/ann/key-auth', { key: 'short', ttl: 3600 })
    expect((await admin.call('PATCH', '/key-auths/short', { ttl: 7200 })).status).toBe(200)
    expect(await hasKey(file, 'short', 7190)).toBe(true)
    expect(await hasKey(file, 'short', 7201)).toBe(false)
    expect((await admin.call('PATCH', '/key-auths/short', { tags: ['a'] })).status).toBe(200)
    expect(await hasKey(file, 'short', 7201)).toBe(false)
    const again = { consumer: { username: 'ann' }, key: 'short' }
    expect((await admin.call('PUT', '/key-auths/short', again)).status).toBe(200)
    expect(await hasKey(file, 'short', 1e6)).toBe(true)
    expect(readFileSync(file, 'utf8')).not.toContain('ttl')
  })

  it('leaves the file with the first write after its end', async () => {
    const file = newFile()
    const first = adminClient({ catalog, store: await opened(file) })
    await first.call('POST', '/consumers/ann/key-auth', { key: 'short', ttl: 60 })
    const later = adminClient({ catalog, store: await opened(file, 61) })
    expect((await later.call('POST', '/consumers', { username: 'bob' })).status).toBe(201)
    expect(readFileSync(file, 'utf8')).not.toContain('short')
  })

  it('counts from each load where somebody wrote how long it lives, until it is changed', async () => {
    const file = newFile(`${CONSUMER}  keyauth_credentials:\n  - {key: given, ttl: 60}\n`)
    expect(await hasKey(file, 'given', 30)).toBe(true)
    const admin = adminClient({ catalog, store: await opened(file) })
    expect((await admin.call('POST', '/consumers', { username: 'bob' })).status).toBe(201)
    expect(readFileSync(file, 'utf8')).toContain('ttl: 60')
    expect((await admin.call('PATCH', '/key-auths/given', { tags: ['a'] })).status).toBe(200)
    expect(readFileSync(file, 'utf8')).toMatch(/ttl: \d{10}\b/)
    expect(await hasKey(file, 'given', 61)).toBe(false)
  })
})

describe('a key with a time to live, exported', () => {
  it('ends in a copy when it ends in the original', async () => {
    const source = adminClient({ catalog })
    await source.call('POST', '/consumers', { username: 'ann' })
    await source.call('POST', '/consumers/ann/key-auth', { key: 'short', ttl: 3600 })
    const text = exportDeclarative(source.context.store.all(), catalog)
    const copyAt = async (secondsAhead: number): Promise<Store> => {
      const now = () => Date.now() + secondsAhead * 1000
      const parsed = parseDeclarative({ text }, { catalog, nowSeconds: Math.floor(now() / 1000) })
      if (!parsed.ok) throw new Error(parsed.message)
      const store = createMemoryStore(catalog, { isWritable: true, now })
      await store.replaceAll(parsed.entities, { by: 'import' })
      return store
    }
    const find = (store: Store) => store.getBy('keyauth_credentials', 'key', 'short')
    expect(find(await copyAt(3590))).toMatchObject({ ttl: expect.closeTo(3600, -1) })
    expect(find(await copyAt(3601))).toBeUndefined()
  })
})
