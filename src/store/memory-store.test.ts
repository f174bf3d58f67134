import { describe, expect, it } from 'vitest'
import { createMemoryStore } from './memory-store.ts'
import { CONTRACT_CATALOG, service, storeContract } from './store.contract.ts'

storeContract('createMemoryStore()', (catalog) => {
  let nowMs = 1_700_000_000_000
  return {
    store: createMemoryStore(catalog, { isWritable: true, now: () => nowMs }),
    advance: (seconds) => (nowMs += seconds * 1000),
  }
})

describe('createMemoryStore() without single writes', () => {
  it('refuses them, and takes a configuration that comes whole', async () => {
    const store = createMemoryStore(CONTRACT_CATALOG, { isWritable: false })
    const row = service('one')
    expect(
      await store.write([{ op: 'insert', kind: 'services', entity: row }], { by: 'admin-api' }),
    ).toEqual({ ok: false, fault: { fault: 'read-only' } })
    await store.replaceAll({ services: [row] }, { by: 'file' })
    expect(store.get('services', row.id)).toEqual(row)
  })
})
