import type { JsonObject } from '../../base/json.ts'
import { readBodyFields, writeBodyFields, type BodyFields } from '../../plugin-kit/body-fields.ts'
import type { LuaTable } from '../../plugin-kit/lua/values.ts'
import { fieldPart, type Part } from '../../plugin-kit/multipart-body.ts'
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
  if (body.length === 0 && type === 'multipart/form-data') return undefined
  const isEmpty = body.length === 0 && type === 'application/json'
  const given = isEmpty ? Buffer.from('{}') : body
  // The type may stand among others, or carry a suffix; what is read is the kind it speaks of.
  const fields = readBodyFields(type === 'multipart/form-data' ? contentType : type, given)
  if (fields === undefined) return undefined
  const changed = changedFields(fields, rules, globals)
  const written = writeBodyFields(changed)
  return Buffer.compare(Buffer.from(written), given) === 0 ? undefined : written
}

function changedFields(fields: BodyFields, rules: Rules, globals: () => LuaTable): BodyFields {
  switch (fields.kind) {
    case 'form': {
      const values = new ArgumentValues(fields.pairs)
      applyRules(rules, values, globals)
      return { kind: 'form', pairs: values.pairs() }
    }
    case 'json': {
      const values = new MemberValues(fields.members)
      applyRules(rules, values, globals)
      return { kind: 'json', members: values.members() }
    }
    case 'multipart': {
      const values = new PartValues(fields.parts)
      // Kong does not append to multipart bodies.
      applyRules({ ...rules, append: [] }, values, globals)
      return { ...fields, parts: values.parts() }
    }
  }
}

/** The members of a JSON object, at its top level alone. */
class MemberValues implements Values {
  readonly #members: Map<string, unknown>

  constructor(members: JsonObject) {
    this.#members = new Map(Object.entries(members))
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  remove(name: string): void {
    this.#members.delete(name)
  }

  rename(from: string, to: string): void {
    if (from === to) return
    this.#members.set(to, this.#members.get(from))
    this.#members.delete(from)
  }

  set(name: string, value: string): void {
    this.#members.set(name, value)
  }

  append(name: string, value: string): void {
    const current = this.#members.get(name)
    const list: unknown[] = Array.isArray(current)
      ? current
      : current === undefined
        ? []
        : [current]
    this.#members.set(name, [...list, value])
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

  rename(from: string, to: string): void {
    const renamed = this.#parts.find((part) => part.name === from)
    if (renamed !== undefined && from !== to)
      this.#put(from, to, Buffer.from(renamed.content).toString())
  }

  set(name: string, value: string): void {
    this.#put(name, name, value)
  }

  append(): void {
    throw new TypeError('Cannot append to a multipart body')
  }

  parts(): readonly Part[] {
    return this.#parts
  }

  /** One part in the place of all that had a name. */
  #put(old: string, name: string, value: string): void {
    const at = this.#parts.findIndex((part) => part.name === old)
    const others = this.#parts.filter((part) => part.name !== old && part.name !== name)
    const place = at === -1 ? others.length : Math.min(at, others.length)
    this.#parts = others.toSpliced(place, 0, fieldPart(name, value))
  }
}
