import { fromByteString } from '../../base/buffer-slices.ts'
import { compileLuaTemplate } from '../../plugin-kit/lua-template.ts'
import type { LuaTable } from '../../plugin-kit/lua/values.ts'
import { nameValue } from '../../plugin-kit/name-value.ts'
import type { Config } from './schema.ts'

export type Part = 'body' | 'headers' | 'querystring'

/** A new value for a name; rendered against the request as the client sent it, as a string of bytes. */
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

/** @returns what fills a text in, as a string of bytes */
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
  /** Whether there is a value to be renamed or replaced, so that none is to be added. */
  has(name: string): boolean
  remove(name: string): void
  rename(from: string, to: string): void
  /** Sets the only value. */
  set(name: string, value: string): void
  append(name: string, value: string): void
}

/**
 * Applies all rules of a part.
 * @returns whether one of them acted; removing counts even where there is nothing to remove
 */
export function applyRules(rules: Rules, values: Values, globals: () => LuaTable): boolean {
  let acted = rules.remove.length > 0
  for (const name of rules.remove) values.remove(name)
  for (const { from, to } of rules.rename) {
    if (from === to || !values.has(from)) continue
    values.rename(from, to)
    acted = true
  }
  const write = (list: readonly ValueRule[], to: 'set' | 'append', when: Applies): void => {
    for (const { name, render } of list) {
      if (render === undefined || !when(name)) continue
      values[to](name, fromByteString(render(globals)))
      acted = true
    }
  }
  write(rules.replace, 'set', (name) => values.has(name))
  write(rules.add, 'set', (name) => !values.has(name))
  write(rules.append, 'append', () => true)
  return acted
}

type Applies = (name: string) => boolean
