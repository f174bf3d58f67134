import type { Logger } from '../telemetry/logger.ts'
import type { Store } from '../store/store.ts'

const SWEEP_EVERY_MS = 60_000

/**
 * Deletes rows whose time is over, now and then: any write does, but there may be none.
 *
 * @returns ends it
 */
export function sweepExpired(store: Store, log: Pick<Logger, 'error'>): () => void {
  let isDown = false
  const timer = setInterval(() => {
    void store.write([], { by: 'expiry' }).then((result) => {
      if (!result.ok && !isDown)
        log.error(`Cannot delete rows whose time is over: ${JSON.stringify(result.fault)}`)
      isDown = !result.ok
    })
  }, SWEEP_EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
