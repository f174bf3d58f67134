import type { LastUses } from '../admin/admin-context.ts'
import type { DataPlane } from './data-plane.ts'

/** What all workers have seen of credentials since this node started. */
export function lastUsesOf(dataPlane: DataPlane): LastUses {
  return {
    sinceSeconds: Math.trunc(Date.now() / 1000),
    async of(credentialIds) {
      const seen = await dataPlane.ask<'last-uses'>({ about: 'last-uses', credentialIds })
      const latest = new Map<string, number>()
      for (const [id, second] of seen.flatMap((ofWorker) => [...ofWorker]))
        latest.set(id, Math.max(second, latest.get(id) ?? 0))
      return latest
    },
  }
}
