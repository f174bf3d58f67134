import { integer, string, type RecordOf } from '../../schema/field.ts'

export const schema = {
  secret_v1: string({
    description: 'The secret that webhooks are signed with, taken as it is.',
    required: true,
    referenceable: true,
    encrypted: true,
  }),
  tolerance_second: integer({
    description: 'How many seconds old a webhook may be.',
    required: true,
    gt: -1,
    default: 300,
  }),
}

export type Config = RecordOf<typeof schema>
