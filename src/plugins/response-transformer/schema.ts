import { headerRuleFault } from '../../plugin-kit/name-value.ts'
import { array, record, string, type FieldOptions, type RecordOf } from '../../schema/field.ts'

const PAIR = { match: '^[^:]+:.*$' } as const
const JSON_TYPES = ['boolean', 'number', 'string'] as const

const list = (rules: FieldOptions = {}) => array(string(rules), { required: true, default: [] })

const headers = list({ ...PAIR, custom_validator: headerRuleFault })
const values = {
  json: list(PAIR),
  json_types: array(string({ one_of: JSON_TYPES }), {
    description:
      'List of JSON type names. Specify the types of the JSON values returned when appending\nJSON properties. Each string element can be one of: boolean, number, or string.',
    required: true,
    default: [],
  }),
  headers,
}

export const schema = {
  remove: record(
    { json: list(), headers: list({ custom_validator: headerRuleFault }) },
    { required: true },
  ),
  rename: record({ json: list(PAIR), headers }, { required: true }),
  replace: record(values, { required: true }),
  add: record(values, { required: true }),
  append: record(values, { required: true }),
}

export type Config = RecordOf<typeof schema>
