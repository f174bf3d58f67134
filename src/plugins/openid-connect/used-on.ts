import type { NodeServices } from '../../plugin-kit/plugin.ts'
import type { Finding } from '../../plugin-kit/remembered.ts'
import { GrantRefused } from './provider-errors.ts'

interface Question<Value> {
  readonly ask: () => Promise<Finding<Value>>
  /** What was found before, as it counts for so many milliseconds more. */
  readonly again: (value: Value, forMs: number) => Finding<Value>
}

export type UsedOn = ReturnType<typeof usedOnWith>

/** Asks a provider, and goes on with what it said before while it cannot be asked (`cache_ttl_resurrect`). */
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
      const isTooOld =
        before === undefined || forMs === undefined || before.untilMs + forMs < node.now()
      // What the provider refuses it has been asked about.
      if (error instanceof GrantRefused || isTooOld) throw error
      if (!isDown)
        node.log.error(
          `openid-connect: ${issuer} cannot be asked; what it said before is used on`,
          error,
        )
      isDown = true
      return again(before.value, forMs)
    }
  }
}
