import { customFieldsByLua } from '../../plugin-kit/custom-log-fields.ts'
import { severityFields } from '../../plugin-kit/severities.ts'
import { string } from '../../schema/field.ts'

/** In the order of Kong's schema. */
const FACILITIES = [
  'auth',
  'authpriv',
  'cron',
  'daemon',
  'ftp',
  'kern',
  'lpr',
  'mail',
  'news',
  'syslog',
  'user',
  'uucp',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const

export type Facility = (typeof FACILITIES)[number]

export const schema = {
  ...severityFields(true),
  custom_fields_by_lua: customFieldsByLua,
  facility: string({
    description: 'The kind of program that the entries are from.',
    required: true,
    default: 'user',
    one_of: FACILITIES,
  }),
}
