import type { NodeServices } from './plugin.ts'

/**
 * Asks a Redis, and leaves it alone for a moment when it does not answer.
 * @returns `undefined` stands for an answer that could not be had
 */
export type AskPatiently = <Value>(question: () => Promise<Value>) => Promise<Value | undefined>

/** So that not every request waits for a Redis that is away. */
const PAUSE_MS = 1000

/**
 * @param what it is asked about, for the log
 * @param meanwhile what follows from its silence
 */
export function askPatiently(
  node: NodeServices,
  { what, meanwhile }: { readonly what: string; readonly meanwhile: string },
): AskPatiently {
  let isDown = false
  let pausedUntilMs = 0

  return async (question) => {
    if (node.now() < pausedUntilMs) return undefined
    try {
      const answer = await question()
      if (isDown) node.log.notice(`Redis can be asked about ${what} again`)
      isDown = false
      return answer
    } catch (error) {
      // Once is enough for those who read logs; that it is over is said as well.
      if (!isDown) node.log.error(`Cannot ask Redis about ${what}: ${meanwhile}`, error)
      isDown = true
      pausedUntilMs = node.now() + PAUSE_MS
      return undefined
    }
  }
}
