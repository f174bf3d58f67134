import { array, boolean, string, type EntityCheck } from '../../schema/field.ts'

export const schema = {
  allow: array(string(), {
    description:
      'Arbitrary group names that are allowed to consume the service or route. One of `config.allow` or `config.deny` must be specified.',
  }),
  deny: array(string(), {
    description:
      'Arbitrary group names that are not allowed to consume the service or route. One of `config.allow` or `config.deny` must be specified.',
  }),
  hide_groups_header: boolean({
    description:
      'If enabled (`true`), prevents the `X-Consumer-Groups` header from being sent in the request to the upstream service.',
    required: true,
    default: false,
  }),
  always_use_authenticated_groups: boolean({
    description:
      "If enabled (`true`), the authenticated groups will always be used even when an authenticated consumer already exists. If the authenticated groups don't exist, it will fallback to use the groups associated with the consumer. By default the authenticated groups will only be used when there is no consumer or the consumer is anonymous.",
    required: true,
    default: false,
  }),
}

export const checks: readonly EntityCheck[] = [
  { only_one_of: ['config.allow', 'config.deny'] },
  { at_least_one_of: ['config.allow', 'config.deny'] },
]
