import { setTimeout as delay } from 'node:timers/promises'

/** Waits until something holds that happens in another process. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  patienceMs = 10_000,
): Promise<void> {
  const end = Date.now() + patienceMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`Still not so after ${patienceMs} ms: ${holds}`)
    await delay(10)
  }
}
