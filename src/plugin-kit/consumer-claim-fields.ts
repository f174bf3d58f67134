import { array, boolean, string } from '../schema/field.ts'

/** Fields that say which consumer a claim of a token names. */
export const consumerClaimFields = {
  consumer_by: array(string({ one_of: ['id', 'username', 'custom_id'] }), {
    description: 'What the claim is compared with; the first consumer found is taken.',
    required: true,
    default: ['custom_id', 'username'],
    len_min: 1,
  }),
  consumer_optional: boolean({
    description: 'Whether a token is accepted without a consumer when its claim names none.',
    required: true,
    default: false,
  }),
} as const

export type ConsumerField = 'id' | 'username' | 'custom_id'
