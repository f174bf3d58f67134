import type { AdminContext } from '../../src/admin/admin-context.ts'
import type { Catalog } from '../../src/entities/catalog.ts'
import { createCatalog } from '../../src/entities/create-catalog.ts'
import { BUNDLED_PLUGINS } from '../../src/plugins/all-plugins.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'

export interface AdminContextOptions {
  readonly isDbLess?: boolean
  readonly catalog?: Catalog
  readonly store?: Store
}

/** What the Admin API needs of a process, with no process around it: writes are served at once. */
export function adminContextForTest(options: AdminContextOptions = {}): AdminContext {
  const { isDbLess = false } = options
  const catalog =
    options.catalog ?? createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible' })
  const store = options.store ?? createMemoryStore(catalog, { isWritable: !isDbLess })
  let hash = '0'.repeat(32)
  let level = 'notice'
  return {
    catalog,
    store,
    node: {
      id: '6b4f38d1-e026-440b-a5ea-8634739dd2a7',
      hostname: 'node.test',
      version: '3.9.3',
      portunusVersion: '0.0.0',
      masterPid: 1,
      workerPids: () => [2],
    },
    plugins: BUNDLED_PLUGINS,
    headers: { server: true, latency: true },
    guiOrigins: [],
    access: () => ({}),
    isDbLess,
    bodyLimitBytes: 10 * 1024 * 1024,
    configuration: () => ({ database: isDbLess ? 'off' : 'memory', role: 'traditional' }),
    configurationHash: () => hash,
    async loadConfig(config) {
      const result = await store.replaceAll(config.entities, { by: 'config-endpoint' })
      if (!result.ok) throw new Error(`Cannot load: ${JSON.stringify(result.fault)}`)
      hash = config.hash
      return { ok: true }
    },
    async restore(entities, origin) {
      const result = await store.replaceAll(entities, origin)
      if (!result.ok) throw new Error(`Cannot restore: ${JSON.stringify(result.fault)}`)
      return { ok: true }
    },
    whenServed: () => Promise.resolve(),
    status: () =>
      Promise.resolve({
        connections: {
          accepted: 1,
          active: 1,
          handled: 1,
          reading: 0,
          waiting: 0,
          writing: 1,
          requests: 1,
        },
        workers: [{ pid: 2, heapBytes: 3 * 1024 * 1024 }],
      }),
    logLevel: {
      get current() {
        return level
      },
      set: (name) => void (level = name),
    },
    upstreamHealth: () => Promise.resolve(undefined),
    setTargetHealth: () => Promise.resolve(undefined),
    forgetConsumers: async () => undefined,
    explainRoute: ({ url }) => ({ fault: `nothing is known of ${url}` }),
    log: { error: (message, cause) => console.error(message, cause) },
  }
}
