import { customFieldsByLua } from '../../plugin-kit/custom-log-fields.ts'
import { host, port } from '../../plugin-kit/field-types.ts'
import { boolean, number, string } from '../../schema/field.ts'

export const schema = {
  host: host({ description: 'The name or address of the log server.', required: true }),
  port: port({ description: 'The port of the log server.', required: true }),
  timeout: number({
    description: 'How long, in milliseconds, connecting and sending may take.',
    default: 10_000,
  }),
  keepalive: number({
    description: 'How long, in milliseconds, an idle connection is kept.',
    default: 60_000,
  }),
  tls: boolean({
    description: 'Whether the connection is secured. The certificate of the server is not checked.',
    required: true,
    default: false,
  }),
  tls_sni: string({ description: 'The name of the server in the TLS handshake.' }),
  custom_fields_by_lua: customFieldsByLua,
}
