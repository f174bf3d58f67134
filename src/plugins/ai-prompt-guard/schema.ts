import { maxRequestBodySize } from '../../plugin-kit/llm/body-size-field.ts'
import { array, boolean, string, type EntityCheck, type RecordOf } from '../../schema/field.ts'

const patterns = (description: string) =>
  array(string({ len_min: 1, len_max: 500 }), { description, required: false, len_max: 10 })

export const schema = {
  allow_patterns: patterns('Regular expressions of which a prompt has to match one.'),
  deny_patterns: patterns('Regular expressions of which a prompt may match none.'),
  allow_all_conversation_history: boolean({
    description: 'Whether only the last message of the user is looked at.',
    required: true,
    default: false,
  }),
  max_request_body_size: maxRequestBodySize,
  match_all_roles: boolean({
    description: 'Whether messages of all roles are looked at, and not only those of the user.',
    required: true,
    default: false,
  }),
}

export const checks: readonly EntityCheck[] = [
  { at_least_one_of: ['config.allow_patterns', 'config.deny_patterns'] },
  {
    conditional: {
      if_field: 'config.match_all_roles',
      if_match: { eq: true },
      then_field: 'config.allow_all_conversation_history',
      then_match: { eq: false },
    },
  },
]

export type Config = RecordOf<typeof schema>
