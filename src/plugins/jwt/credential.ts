import type { Entity, Foreign } from '../../entities/entity.ts'

/** What a consumer's tokens are signed with. */
export interface JwtCredential extends Entity {
  readonly consumer: Foreign
  readonly key: string
  readonly secret: string | null
  readonly rsa_public_key: string | null
  readonly algorithm: string | null
  /** Unix time in seconds. */
  readonly retires_at?: number | null
}
