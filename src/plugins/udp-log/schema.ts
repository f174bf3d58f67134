import { customFieldsByLua } from '../../plugin-kit/custom-log-fields.ts'
import { host, port } from '../../plugin-kit/field-types.ts'
import { number } from '../../schema/field.ts'

export const schema = {
  host: host({ description: 'The name or address of the log server.', required: true }),
  port: port({ description: 'The port of the log server.', required: true }),
  timeout: number({
    description: 'How long, in milliseconds, sending may take. Datagrams are sent at once.',
    default: 10_000,
  }),
  custom_fields_by_lua: customFieldsByLua,
}
