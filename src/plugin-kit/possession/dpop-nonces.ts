import { createHmac, hkdfSync } from 'node:crypto'
import { equalSecrets } from '../equal-secrets.ts'
import type { NodeServices } from '../plugin.ts'
import { nodeSecret } from '../shared-memory.ts'

/**
 * Texts that proofs must have in them, so that none can be made long before it is used. They change
 * with time, and nothing is remembered of them.
 *
 * @see RFC 9449 §9
 */
export interface DpopNonces {
  /** The one that proofs are to have now. */
  current(): string
  /** Whether a proof may have it: the one of now, or the one before. */
  isFresh(nonce: unknown): boolean
}

/**
 * @param secret that all nodes know which may get the next request of a client; absent: one that the
 * workers of this node share
 * @param lifetimeSeconds how long a proof may be used; a nonce is good for between one and two halves
 */
export function dpopNonces(
  node: NodeServices,
  secret: string | undefined,
  lifetimeSeconds: number,
): DpopNonces {
  const key = hkdfSync('sha256', secret ?? nodeSecret(node), '', 'dpop nonces', 32)
  const periodSeconds = Math.max(Math.ceil(lifetimeSeconds / 2), 1)
  const period = (): number => Math.floor(node.now() / 1000 / periodSeconds)
  const nonceOf = (index: number): string =>
    createHmac('sha256', new Uint8Array(key)).update(String(index)).digest('base64url')

  return {
    current: () => nonceOf(period()),
    isFresh: (nonce) =>
      typeof nonce === 'string' &&
      [0, 1].some((back) => equalSecrets(nonce, nonceOf(period() - back))),
  }
}
