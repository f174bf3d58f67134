import type { Entity, Foreign } from '../../entities/entity.ts'

/** A name and the hash of its password. */
export interface PasswordCredential extends Entity {
  readonly consumer: Foreign
  readonly username: string
  /** By `hashPassword`. */
  readonly password: string
}
