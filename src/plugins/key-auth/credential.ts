import type { Entity, Foreign } from '../../entities/entity.ts'

/** A secret key of a consumer. */
export interface KeyCredential extends Entity {
  readonly consumer: Foreign
  readonly key: string
}
