import type { NodeServices } from '../../plugin-kit/plugin.ts'
import { nodeCounters } from '../../plugin-kit/shared-memory.ts'
import type { Certificates } from './certificates.ts'

const DAY_MS = 86_400_000
/** A gateway that was away may have much to catch up with, but not at its very start. */
const FIRST_AFTER_MS = 60_000
const LOOK_EVERY_MS = 60_000

/**
 * Renews certificates once a day, by one worker of the node. A change of the configuration makes a
 * new instance, and must not put the renewal off: when it was done last is known to the node.
 */
export function renewDaily(
  certificates: Certificates,
  node: NodeServices,
): { readonly stop: () => void } {
  const startedMs = node.keep('acme start', () => node.now())
  const counters = nodeCounters(node)

  function look(): void {
    const sinceStartMs = node.now() - startedMs
    if (sinceStartMs < FIRST_AFTER_MS) return
    const day = Math.floor(sinceStartMs / DAY_MS)
    const ends = Math.floor((node.now() + 2 * DAY_MS) / 1000)
    // Of all workers, and of all looks of a day, one comes first.
    if (counters.add(`acme renewal ${day}`, 1, ends, Math.floor(node.now() / 1000)) > 1) return
    certificates.renew().catch((error: unknown) => node.log.error('acme: cannot renew', error))
  }

  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  return { stop: () => clearInterval(timer) }
}
