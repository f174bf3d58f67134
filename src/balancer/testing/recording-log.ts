import type { BalancerLog } from '../balancer-options.ts'

/** Keeps what was said. */
export function recordingLog(): BalancerLog & { readonly lines: readonly string[] } {
  const lines: string[] = []
  return {
    lines,
    warn: (message) => lines.push(message),
    error: (message) => lines.push(message),
  }
}
