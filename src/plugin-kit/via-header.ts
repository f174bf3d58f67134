import type { NodeServices } from './plugin.ts'

/**
 * The value of `Via` on an answer that a plugin got from elsewhere.
 *
 * @param received values the answer came with
 * @returns nothing where the node is not to name itself and the answer named nobody
 * @see RFC 9110 §7.6.3
 */
export function viaHeader(received: readonly string[], node: NodeServices): string | undefined {
  const asked = node.setting('headers')
  const isOn =
    !Array.isArray(asked) ||
    asked.some((name) => ['server_tokens', 'via'].includes(String(name).toLowerCase()))
  const values = isOn ? [...received, `1.1 kong/${node.version}`] : received
  return values.length === 0 ? undefined : values.join(', ')
}
