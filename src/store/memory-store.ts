import type { Catalog } from '../entities/catalog.ts'
import { IndexedStore } from './indexed-store.ts'
import { NO_MEDIUM } from './medium.ts'
import type { Store } from './store.ts'

export interface MemoryStoreOptions {
  /** Whether single entities can be written; without a database they come whole. */
  readonly isWritable: boolean
  /** Unix time in ms. */
  readonly now?: () => number
}

/** A store that forgets everything when the process ends. */
export function createMemoryStore(catalog: Catalog, options: MemoryStoreOptions): Store {
  return new IndexedStore(catalog, { ...options, medium: NO_MEDIUM, name: 'memory' })
}
