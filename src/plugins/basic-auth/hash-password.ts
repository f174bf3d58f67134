import { createHash } from 'node:crypto'

/**
 * What is stored of a password: the lower-case hex SHA-1 of the password followed by the consumer's
 * id. Not what one would choose today, but what Kong's databases and dumps hold.
 */
export function hashPassword(password: string | Uint8Array, consumerId: string): string {
  return createHash('sha1').update(password).update(consumerId).digest('hex')
}
