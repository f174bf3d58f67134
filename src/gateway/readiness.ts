import type { Readiness } from '../admin/admin-context.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../store/store.ts'

/** What `/status/ready` goes by. */
export function readinessOf(settings: Pick<Settings, 'database'>, store: Store): Readiness {
  let isDraining = false
  return {
    async obstacle() {
      if (isDraining) return 'draining'
      if (!(await store.isReachable())) return 'failed to connect to database'
      if (settings.database !== 'off' || !isEmpty(store)) return undefined
      return 'no configuration available (empty configuration present)'
    },
    drain() {
      isDraining = true
    },
  }
}

function isEmpty(store: Store): boolean {
  return Object.values(store.all()).every((rows) => rows.length === 0)
}
