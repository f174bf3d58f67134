import { declarativeFiles } from '../../../src/declarative/declarative-file.ts'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import { keyAuth } from '../../../src/plugins/key-auth/plugin.ts'
import { openFileStore } from '../../../src/store/file-store.ts'
import type { PostgresConnection } from '../../../src/store/postgres-connection.ts'
import { openPostgresStore } from '../../../src/store/postgres-store.ts'
import { openSqliteStore } from '../../../src/store/sqlite-store.ts'
import type { Store } from '../../../src/store/store.ts'

/** Where a store is that outlives its process; can be told to another process as JSON. */
export type DurablePlace =
  | { readonly medium: 'file' | 'sqlite'; readonly file: string }
  | { readonly medium: 'postgres'; readonly connection: PostgresConnection }

export const DURABLE_CATALOG = createCatalog([keyAuth], { flavor: 'traditional_compatible' })

export async function openDurable(place: DurablePlace): Promise<Store> {
  switch (place.medium) {
    case 'file': {
      const { file } = place
      const language = declarativeFiles({ catalog: DURABLE_CATALOG, fileName: file })
      return (await openFileStore(DURABLE_CATALOG, { file, language })).store
    }
    case 'sqlite':
      return openSqliteStore(DURABLE_CATALOG, { file: place.file })
    case 'postgres':
      return openPostgresStore(DURABLE_CATALOG, { connection: place.connection, pollSeconds: 600 })
  }
}
