import { compileLuaTemplate } from '../../plugin-kit/lua-template.ts'
import type { LuaTable } from '../../plugin-kit/lua/values.ts'
import { nameValue } from '../../plugin-kit/name-value.ts'
import type { Config } from './schema.ts'

export type Part = 'body' | 'headers' | 'querystring'

/** A new value for a name; rendered against the request as the client sent it. */
export interface ValueRule {
  readonly name: string
  /** `undefined`: the rule has no value, and changes nothing. */
  readonly render: ((globals: () => LuaTable) => string) | undefined
}

/** What is to be done to one part of the request, in this order. */
export interface Rules {
  readonly remove: readonly string[]
  readonly rename: readonly { readonly from: string; readonly to: string }[]
  readonly replace: readonly ValueRule[]
  readonly add: readonly ValueRule[]
  readonly append: readonly ValueRule[]
  readonly isEmpty: boolean
}

export interface TemplateOptions {
  /** `untrusted_lua = off`: expressions fail instead of running. */
  readonly forbidsExpressions: boolean
}

export function rulesFor(part: Part, config: Config, options: TemplateOptions): Rules {
  const values = (texts: readonly string[]): readonly ValueRule[] =>
    texts.map((text) => valueRule(text, options))
  const rules = {
    remove: config.remove[part].map((text) => nameValue(text).name),
    rename: config.rename[part].map((text) => {
      const { name, value = '' } = nameValue(text)
      return { from: name, to: value }
    }),
    replace: values(config.replace[part]),
    add: values(config.add[part]),
    append: values(config.append[part]),
  }
  return { ...rules, isEmpty: Object.values(rules).every((list) => list.length === 0) }
}

function valueRule(text: string, options: TemplateOptions): ValueRule {
  const { name, value } = nameValue(text)
  return { name, render: value === undefined ? undefined : renderer(value, options) }
}

/** @returns what fills a text in */
export function renderer(
  text: string,
  { forbidsExpressions }: TemplateOptions,
): (globals: () => LuaTable) => string {
  const template = compileLuaTemplate(text)
  if (forbidsExpressions && !template.isFixed)
    return () => {
      throw new Error('Cannot render a template: Lua expressions are switched off (untrusted_lua)')
    }
  return (globals) => template.render(globals)
}

/** Values of one part by name, to be changed. A name that is absent has none. */
export interface Values {
  has(name: string): boolean
  remove(name: string): void
  rename(from: string, to: string): void
  /** Sets the only value. */
  set(name: string, value: string): void
  append(name: string, value: string): void
}

/** Applies all rules of a part. @param canAppend multipart bodies cannot */
export function applyRules(rules: Rules, values: Values, globals: () => LuaTable): void {
  for (const name of rules.remove) values.remove(name)
  for (const { from, to } of rules.rename) if (values.has(from)) values.rename(from, to)
  for (const { name, render } of rules.replace)
    if (render !== undefined && values.has(name)) values.set(name, render(globals))
  for (const { name, render } of rules.add)
    if (render !== undefined && !values.has(name)) values.set(name, render(globals))
  for (const { name, render } of rules.append)
    if (render !== undefined) values.append(name, render(globals))
}
