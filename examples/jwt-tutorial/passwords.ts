import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const HASH_BYTES = 32
const derive = promisify<string, Buffer, number, Buffer>(scrypt)

export interface PasswordHash {
  readonly salt: Buffer
  readonly hash: Buffer
}

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16)
  return { salt, hash: await derive(password, salt, HASH_BYTES) }
}

export async function isPassword(password: string, stored: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, stored.salt, HASH_BYTES), stored.hash)
}
