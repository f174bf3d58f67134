import { setTimeout as delay } from 'node:timers/promises'

/** So long a busy machine may take for what a quiet one has done at once. */
export const PATIENCE_MS = 30_000

/** Waits until something holds that happens in another process. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = Date.now() + patienceMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Still not so after ${patienceMs} ms: ${holds}`)
    await delay(10)
  }
}
