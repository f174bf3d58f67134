import { compileLuaTemplate } from '../../plugin-kit/lua-template.ts'
import { headerRuleFault, nameValue } from '../../plugin-kit/name-value.ts'
import {
  array,
  record,
  string,
  type Field,
  type FieldOptions,
  type RecordOf,
} from '../../schema/field.ts'

const list = (rules: FieldOptions = {}) => array(string(rules), { required: true, default: [] })

const pairs = list({ custom_validator: valueFault })

/** Something, a colon, and anything. */
const headerPairs = (validator: (text: string) => string | undefined) =>
  list({ match: '^[^:]+:.*$', custom_validator: validator })

const names = {
  body: list(),
  headers: list({ custom_validator: headerRuleFault }),
  querystring: list(),
}
const renames = {
  body: pairs,
  headers: headerPairs(renameFault),
  querystring: pairs,
}
const values = {
  body: pairs,
  headers: headerPairs(headerFault),
  querystring: pairs,
}
const uri: Field<string | undefined> = string({ custom_validator: templateFault })

export const schema = {
  http_method: string({
    description: 'The method of the request to the upstream, in upper-case letters.',
    match: '^%u+$',
  }),
  remove: record(names, { required: true }),
  rename: record(renames, { required: true }),
  replace: record({ ...values, uri }, { required: true }),
  add: record(values, { required: true }),
  append: record(values, { required: true }),
}

export type Config = RecordOf<typeof schema>

function valueFault(text: string): string | undefined {
  const { name, value } = nameValue(text)
  return value === undefined ? `key '${name}' has no value` : templateFault(value)
}

/** A header may be set to nothing. */
function headerFault(text: string): string | undefined {
  const { name, value } = nameValue(text)
  if (value === undefined && !text.includes(':')) return `key '${name}' has no value`
  return headerRuleFault(text) ?? (value === undefined ? undefined : templateFault(value))
}

function renameFault(text: string): string | undefined {
  const { name, value } = nameValue(text)
  if (value === undefined) return `key '${name}' has no value`
  return headerRuleFault(text) ?? headerRuleFault(value)
}

function templateFault(text: string): string | undefined {
  try {
    compileLuaTemplate(text)
    return undefined
  } catch (error) {
    return `value '${text}' is not in supported format, error:${(error as Error).message}`
  }
}
