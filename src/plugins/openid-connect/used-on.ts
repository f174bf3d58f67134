import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { Finding } from '../../plugin-kit/remembered.ts'
import { GatewayRefused, GrantRefused } from './provider-errors.ts'

interface Question<Value> {
  readonly ask: () => Promise<Finding<Value>>
  /** What was found before, as it counts for so many milliseconds more. */
  readonly again: (value: Value, forMs: number) => Finding<Value>
}

export type UsedOn = ReturnType<typeof usedOnWith>

/**
 * Asks a provider, and goes on with what it said before while it cannot be asked, for no longer than
 * `forMs` after that had ended (`cache_ttl_resurrect`).
 */
export function usedOnWith(
  node: NodeServices,
  { issuer, forMs }: { readonly issuer: string; readonly forMs: number | undefined },
) {
  let isDown = false

  return async function usedOn<Value>(
    before: Finding<Value> | undefined,
    { ask, again }: Question<Value>,
  ): Promise<Finding<Value>> {
    try {
      const finding = await ask()
      isDown = false
      return finding
    } catch (error) {
      // What the provider refuses it has been asked about.
      const isAnswer = error instanceof GrantRefused || error instanceof GatewayRefused
      if (isAnswer || before === undefined || forMs === undefined) throw error
      const endedAtMs = before.endedAtMs ?? before.untilMs
      const leftMs = endedAtMs + forMs - node.now()
      if (leftMs <= 0) throw error
      if (!isDown)
        node.log.error(
          `openid-connect: ${issuer} cannot be asked; what it said before is used on`,
          error,
        )
      isDown = true
      return { ...again(before.value, leftMs), endedAtMs }
    }
  }
}
