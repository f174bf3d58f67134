import { customFieldsByLua } from '../../plugin-kit/custom-log-fields.ts'
import { host, port } from '../../plugin-kit/field-types.ts'
import { severityFields } from '../../plugin-kit/severities.ts'
import { number, set, string } from '../../schema/field.ts'

const { log_level, ...severities } = severityFields(false)

export const schema = {
  host: host({
    description: 'The name or address of the log server.',
    default: 'logs-01.loggly.com',
  }),
  port: port({ description: 'The port of the log server.', default: 514 }),
  key: string({
    description: 'The customer token of the account.',
    required: true,
    encrypted: true,
    referenceable: true,
  }),
  tags: set(string(), { description: 'Tags of the entries.', default: ['kong'] }),
  log_level,
  ...severities,
  timeout: number({
    description: 'How long, in milliseconds, sending may take. Datagrams are sent at once.',
    default: 10_000,
  }),
  custom_fields_by_lua: customFieldsByLua,
}
