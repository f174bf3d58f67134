import { timingSafeEqual } from 'node:crypto'

/**
 * Whether two byte strings are equal, in a time that does not depend on where they differ, so that
 * an attacker cannot find a secret letter by letter. Only a difference in length may show.
 */
export function equalSecrets(one: string | Uint8Array, other: string | Uint8Array): boolean {
  const left = typeof one === 'string' ? Buffer.from(one) : one
  const right = typeof other === 'string' ? Buffer.from(other) : other
  return left.length === right.length && timingSafeEqual(left, right)
}
