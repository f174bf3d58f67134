import { addressRange } from '../../plugin-kit/field-types.ts'
import { array, number, string, type EntityCheck } from '../../schema/field.ts'

export const schema = {
  allow: array(addressRange(), {
    description:
      'List of IPs or CIDR ranges to allow. One of `config.allow` or `config.deny` must be specified.',
  }),
  deny: array(addressRange(), {
    description:
      'List of IPs or CIDR ranges to deny. One of `config.allow` or `config.deny` must be specified.',
  }),
  status: number({
    description: 'The HTTP status of the requests that will be rejected by the plugin.',
    required: false,
  }),
  message: string({
    description: 'The message to send as a response body to rejected requests.',
    required: false,
  }),
}

export const checks: readonly EntityCheck[] = [{ at_least_one_of: ['config.allow', 'config.deny'] }]
