import { boolean, integer, string } from '../../schema/field.ts'

export const UNITS = ['megabytes', 'kilobytes', 'bytes'] as const

export const schema = {
  allowed_payload_size: integer({
    description: 'The largest body a request may have, in the unit of `size_unit`.',
    default: 128,
  }),
  size_unit: string({
    description: 'What `allowed_payload_size` counts; a kilobyte is 1024 bytes.',
    required: true,
    default: 'megabytes',
    one_of: UNITS,
  }),
  require_content_length: boolean({
    description: 'Whether a request must say how long its body is, or send it in chunks.',
    required: true,
    default: false,
  }),
}
