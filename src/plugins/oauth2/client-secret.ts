import { pbkdf2, pbkdf2Sync, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'

const ITERATIONS = 10_000
const LENGTH = 32
/** In a thread of its own: other requests do not wait for what is slow on purpose. */
const derive = promisify(pbkdf2)
const HASH = /^\$pbkdf2-sha512\$i=(\d{1,7}),l=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** A secret as it is stored where it shall not be readable, in the form of the PHC string format. */
export function hashSecret(secret: string): string {
  const salt = randomBytes(16)
  const hash = pbkdf2Sync(secret, salt, ITERATIONS, LENGTH, 'sha512')
  return `$pbkdf2-sha512$i=${ITERATIONS},l=${LENGTH}$${unpadded(salt)}$${unpadded(hash)}`
}

/** Whether a secret is the stored one, hashed or not. */
export async function isSecret(given: string, stored: string, isHashed: boolean): Promise<boolean> {
  if (!isHashed) return stored !== '' && equalSecrets(given, stored)
  const [, iterations, length, salt, hash] = HASH.exec(stored) ?? []
  if (hash === undefined || Number(length) === 0) return false
  const made = await derive(
    given,
    Buffer.from(salt!, 'base64'),
    Number(iterations),
    Number(length),
    'sha512',
  )
  return equalSecrets(made, Buffer.from(hash, 'base64'))
}

/** Whether a stored secret is one that cannot be read. */
export function isHash(stored: string): boolean {
  return HASH.test(stored)
}

/** Whether a hash was made otherwise than one is made today. */
export function isOutdatedHash(stored: string): boolean {
  const [, iterations, length] = HASH.exec(stored) ?? []
  return Number(iterations) !== ITERATIONS || Number(length) !== LENGTH
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}
