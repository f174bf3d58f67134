import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { appendedJson } from '../../plugin-kit/append-json.ts'
import { nameValue } from '../../plugin-kit/name-value.ts'
import type { Config } from './schema.ts'

/** What is to be done to the members of a JSON object, in this order. */
export interface JsonRules {
  readonly remove: readonly string[]
  readonly rename: readonly { readonly from: string; readonly to: string }[]
  readonly replace: readonly Rule[]
  readonly add: readonly Rule[]
  readonly append: readonly Rule[]
  readonly isEmpty: boolean
}

interface Rule {
  readonly name: string
  readonly value: unknown
}

export function jsonRules(config: Config): JsonRules {
  const rules = {
    remove: config.remove.json,
    rename: config.rename.json.map((text) => {
      const { name, value = '' } = nameValue(text)
      return { from: name, to: value }
    }),
    replace: typedRules(config.replace),
    add: typedRules(config.add),
    append: typedRules(config.append),
  }
  return { ...rules, isEmpty: Object.values(rules).every((list) => list.length === 0) }
}

/** The types go with the values by their place in the list. */
function typedRules({ json, json_types: types }: Config['add']): readonly Rule[] {
  return json.flatMap((text, index) => {
    const { name, value = '' } = nameValue(text)
    const made = typed(value, types[index])
    return made === undefined ? [] : [{ name, value: made }]
  })
}

/** @returns nothing for a number that is none: the rule has no value, and changes nothing */
function typed(
  text: string,
  type: 'boolean' | 'number' | 'string' | undefined,
): boolean | number | string | undefined {
  if (type === 'boolean') return text === 'true'
  if (type !== 'number') return text
  const number = Number(text)
  return text.trim() === '' || Number.isNaN(number) ? undefined : number
}

/**
 * Applies the rules to the members of a JSON object; deeper ones are not touched.
 * @returns `undefined` for what is no JSON object
 */
export function transformJson(body: Buffer, rules: JsonRules): Buffer | undefined {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    // Not JSON, whatever its type says; the caller reports it.
    return undefined
  }
  if (!isJsonObject(value)) return undefined
  return Buffer.from(JSON.stringify(Object.fromEntries(changed(value, rules))))
}

function changed(object: JsonObject, rules: JsonRules): ReadonlyMap<string, unknown> {
  const members = new Map(Object.entries(object))
  for (const name of rules.remove) members.delete(name)
  for (const { from, to } of rules.rename) {
    if (!members.has(from) || from === to) continue
    members.set(to, members.get(from))
    members.delete(from)
  }
  // As in Lua `false` counts as absent, `null` does not.
  for (const { name, value } of rules.replace)
    if (isSet(members.get(name))) members.set(name, value)
  for (const { name, value } of rules.add) if (!isSet(members.get(name))) members.set(name, value)
  for (const { name, value } of rules.append)
    members.set(name, appendedJson(members.get(name), value))
  return members
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== false
}
