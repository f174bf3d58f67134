import type { Response } from '../../plugin-kit/exchange.ts'
import { nameValue } from '../../plugin-kit/name-value.ts'
import type { Config } from './schema.ts'

/** What is to be done to the headers of a response, in this order. */
export interface HeaderRules {
  readonly remove: readonly string[]
  readonly rename: readonly Rule[]
  readonly replace: readonly Rule[]
  readonly add: readonly Rule[]
  readonly append: readonly Rule[]
}

interface Rule {
  readonly name: string
  readonly value: string
}

export function headerRules(config: Config): HeaderRules {
  return {
    remove: config.remove.headers.map((text) => nameValue(text).name),
    rename: config.rename.headers.map(rule),
    replace: config.replace.headers.map(rule),
    add: config.add.headers.map(rule),
    append: config.append.headers.map(rule),
  }
}

function rule(text: string): Rule {
  const { name, value = '' } = nameValue(text)
  return { name, value }
}

/** Values are taken as they are: templates work in requests only. */
export function transformHeaders(response: Response, rules: HeaderRules): void {
  const renamed = rules.rename.map(({ name, value: to }) => ({
    name,
    to,
    values: response.headerValues(name.toLowerCase()),
  }))
  for (const name of rules.remove) response.removeHeader(name)
  for (const { name, to, values } of renamed) {
    if (values.length === 0) continue
    response.removeHeader(name)
    response.setHeader(to, values)
  }
  for (const { name, value } of rules.replace)
    if (hasHeader(response, name)) response.setHeader(name, value)
  for (const { name, value } of rules.add)
    if (!hasHeader(response, name)) response.setHeader(name, value)
  for (const { name, value } of rules.append) response.addHeader(name, value)
}

function hasHeader(response: Response, name: string): boolean {
  return response.header(name.toLowerCase()) !== undefined
}
