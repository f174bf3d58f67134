import { customFieldsByLua } from '../../plugin-kit/custom-log-fields.ts'
import { boolean, string } from '../../schema/field.ts'

export const schema = {
  path: string({
    description: 'The file that entries are appended to. It is created if it does not exist.',
    required: true,
    match: '^[^*&%%\\`]+$',
    custom_validator: (path: string) => (path.trim() === path ? undefined : 'not a valid filename'),
    err: 'not a valid filename',
  }),
  reopen: boolean({
    description:
      'Whether the file is closed and opened again for every request, so that it can be moved away.',
    required: true,
    default: false,
  }),
  custom_fields_by_lua: customFieldsByLua,
}
