import type { Entity, Foreign } from '../../entities/entity.ts'

/** A name and the secret its requests are signed with. */
export interface HmacCredential extends Entity {
  readonly consumer: Foreign
  readonly username: string
  readonly secret: string | null
}
