import { toByteString } from '../../base/buffer-slices.ts'
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
  /** Bytes, one a character. */
  readonly value: string
}

export function headerRules(config: Config): HeaderRules {
  return {
    remove: config.remove.headers.map((text) => nameValue(text).name),
    rename: config.rename.headers.flatMap(rule),
    replace: config.replace.headers.flatMap(rule),
    add: config.add.headers.flatMap(rule),
    append: config.append.headers.flatMap(rule),
  }
}

/** A rule without a value changes nothing. */
function rule(text: string): readonly Rule[] {
  const { name, value } = nameValue(text)
  return value === undefined ? [] : [{ name, value: toByteString(value) }]
}

/**
 * Values are taken as they are: templates work in requests only. Which headers there are, and what
 * they are, is seen before anything changes: what is removed is not added again, but replaced.
 */
export function transformHeaders(response: Response, rules: HeaderRules): void {
  const isThere = ({ name }: Rule): boolean => response.header(name.toLowerCase()) !== undefined
  const renamed = rules.rename.filter(isThere).map(({ name, value: to }) => ({
    name,
    to,
    values: response.headerValues(name.toLowerCase()),
  }))
  const replaced = rules.replace.filter(isThere)
  const added = rules.add.filter((rule) => !isThere(rule))

  for (const name of rules.remove) response.removeHeader(name)
  for (const { name, to, values } of renamed) {
    response.removeHeader(name)
    response.setHeader(to, values)
  }
  for (const { name, value } of replaced) response.setHeader(name, value)
  for (const { name, value } of added) response.setHeader(name, value)
  for (const { name, value } of rules.append) response.addHeader(name, value)
}
