import type { JsonObject } from '../../base/json.ts'
import { appendedJson } from '../../plugin-kit/append-json.ts'
import { readBodyFields, writeBodyFields, type BodyFields } from '../../plugin-kit/body-fields.ts'
import type { LuaTable } from '../../plugin-kit/lua/values.ts'
import { fieldPart, multipartBoundary, type Part } from '../../plugin-kit/multipart-body.ts'
import { applyRules, type Rules, type Values } from './rules.ts'
import { ArgumentValues } from './transform-query.ts'

const TYPES = [
  'application/json',
  'multipart/form-data',
  'application/x-www-form-urlencoded',
] as const

/** The kind of body that a content type speaks of, wherever in it. */
export function bodyType(contentType: string | undefined): (typeof TYPES)[number] | undefined {
  const lower = contentType?.toLowerCase()
  return TYPES.find((type) => lower?.includes(type))
}

/**
 * Applies the rules to a body of named fields. An empty body only gets what is added.
 * @returns the new body; `undefined` when it stays as it is, as do bodies that cannot be read
 */
export function transformBody(
  contentType: string,
  body: Uint8Array,
  rules: Rules,
  globals: () => LuaTable,
): string | Uint8Array | undefined {
  const type = bodyType(contentType)
  if (type === undefined) return undefined
  // The type may stand among others, or carry a suffix; what is read is the kind it speaks of.
  const named = type === 'multipart/form-data' ? contentType : type
  const fields = body.length === 0 ? noFields(named) : readBodyFields(named, body)
  if (fields === undefined) return undefined
  const applied = body.length === 0 ? { ...rules, remove: [], rename: [], replace: [] } : rules
  return changedBody(fields, applied, globals)
}

function noFields(contentType: string): BodyFields | undefined {
  if (contentType === 'application/json') return { kind: 'json', members: {} }
  if (contentType === 'application/x-www-form-urlencoded') return { kind: 'form', pairs: [] }
  const boundary = multipartBoundary(contentType)
  return boundary === undefined ? undefined : { kind: 'multipart', boundary, parts: [] }
}

function changedBody(
  fields: BodyFields,
  rules: Rules,
  globals: () => LuaTable,
): string | Uint8Array | undefined {
  switch (fields.kind) {
    case 'form': {
      const values = new ArgumentValues(fields.pairs)
      if (!applyRules(rules, values, globals)) return undefined
      return writeBodyFields({ kind: 'form', pairs: values.pairs() })
    }
    case 'json': {
      const values = new MemberValues(fields.members)
      if (!applyRules(rules, values, globals)) return undefined
      return writeBodyFields({ kind: 'json', members: values.members() })
    }
    case 'multipart': {
      const values = new PartValues(fields.parts)
      if (!applyToParts(rules, values, globals)) return undefined
      const parts = values.parts()
      return parts.length === 0 ? '' : writeBodyFields({ ...fields, parts })
    }
  }
}

/** Parts are renamed before any is removed, and Kong does not append to them. */
function applyToParts(rules: Rules, values: PartValues, globals: () => LuaTable): boolean {
  const renames = { ...rules, remove: [], replace: [], add: [], append: [] }
  const others = { ...rules, rename: [], append: [] }
  const renamed = applyRules(renames, values, globals)
  return applyRules(others, values, globals) || renamed
}

/** The members of a JSON object, at its top level alone. */
class MemberValues implements Values {
  readonly #members: Map<string, unknown>

  constructor(members: JsonObject) {
    this.#members = new Map(Object.entries(members))
  }

  /** `false` counts as absent, as it does in Lua. */
  has(name: string): boolean {
    const value = this.#members.get(name)
    return value !== undefined && value !== false
  }

  remove(name: string): void {
    this.#members.delete(name)
  }

  rename(from: string, to: string): void {
    this.#members.set(to, this.#members.get(from))
    this.#members.delete(from)
  }

  set(name: string, value: string): void {
    this.#members.set(name, value)
  }

  append(name: string, value: string): void {
    this.#members.set(name, appendedJson(this.#members.get(name), value))
  }

  members(): JsonObject {
    return Object.fromEntries(this.#members)
  }
}

class PartValues implements Values {
  #parts: readonly Part[]

  constructor(parts: readonly Part[]) {
    this.#parts = parts
  }

  has(name: string): boolean {
    return this.#parts.some((part) => part.name === name)
  }

  remove(name: string): void {
    this.#parts = this.#parts.filter((part) => part.name !== name)
  }

  /** The first part of a name gives the value; it stands where the new name stood, or last. */
  rename(from: string, to: string): void {
    const renamed = this.#parts.find((part) => part.name === from)
    if (renamed === undefined) return
    const part = fieldPart(to, Buffer.from(renamed.content).toString())
    const at = this.#parts.findIndex(({ name }) => name === to)
    this.#parts = this.#parts.toSpliced(
      at === -1 ? this.#parts.length : at,
      at === -1 ? 0 : 1,
      part,
    )
    this.remove(from)
  }

  /** A part that is new, or replaces others, stands last. */
  set(name: string, value: string): void {
    this.remove(name)
    this.#parts = [...this.#parts, fieldPart(name, value)]
  }

  append(): void {
    throw new TypeError('Cannot append to a multipart body')
  }

  parts(): readonly Part[] {
    return this.#parts
  }
}
