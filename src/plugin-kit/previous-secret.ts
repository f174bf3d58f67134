import type { Entity } from '../entities/entity.ts'
import { integer, string, type Field } from '../schema/field.ts'

/**
 * Fields of a kind of credentials of which two with one name cannot be: the secret of before, as it was
 * stored, is taken beside the new one until its time is over. Not Kong's.
 *
 * @param ofField the field of the secret
 */
export function previousSecretFields(ofField: string): Readonly<Record<string, Field>> {
  return {
    [`previous_${ofField}`]: string({
      description: `The \`${ofField}\` that was replaced, as it was stored; taken until its time is over.`,
      encrypted: true,
      own: true,
    }),
    previous_retires_at: integer({
      description: 'Unix time in seconds from which that is refused.',
      gt: 0,
      own: true,
    }),
  }
}

/** The secret of before, while it is taken. */
export function previousSecret(
  credential: Entity,
  ofField: string,
  nowMs: number,
): string | undefined {
  const { [`previous_${ofField}`]: secret, previous_retires_at: end } = credential
  if (typeof secret !== 'string' || secret === '' || typeof end !== 'number') return undefined
  return end * 1000 > nowMs ? secret : undefined
}

/** By what the use of such a secret is noted, beside that of the credential's present one. */
export function previousUse(credentialId: string): string {
  return `${credentialId} previous`
}
