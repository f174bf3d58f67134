import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Consumer, Entity } from '../entities/entity.ts'
import type { Violation } from '../schema/violation.ts'
import { SourceFault, type Question } from './question.ts'

/** What a source said, checked like a row that comes in through the Admin API. */
export interface SourceRecord {
  readonly consumer: Consumer
  readonly credential: Entity | undefined
  readonly groups: readonly string[]
}

export interface ReadingRules {
  readonly catalog: Pick<Catalog, 'parse'>
  /** The id of an entity that has a name and no id of its own; the same name has the same one. */
  readonly idOf: (kind: string, name: string) => string
  /** Unix time in ms. */
  readonly now: () => number
}

const MEMBERS = new Set(['consumer', 'credential', 'groups', '_transform'])

/**
 * Reads the answer of a source: `{ consumer, credential, groups }`. Consumer and credential have the
 * fields of their entities and what is left out has its default; the field that was asked for need
 * not be repeated. Passwords are hashed as the Admin API does it, unless `_transform` is `false`.
 *
 * @throws {SourceFault} when it is no such thing, or about somebody else
 */
export function readRecord(
  answer: unknown,
  question: Question,
  { catalog, idOf, now }: ReadingRules,
): SourceRecord {
  if (!isJsonObject(answer)) throw fault(question, 'it is not an object')
  const stranger = Object.keys(answer).find((name) => !MEMBERS.has(name))
  if (stranger !== undefined)
    throw fault(question, `unknown member "${stranger}"; known are ${[...MEMBERS].join(', ')}`)
  const isCredential = question.kind !== 'consumers'
  const parse = (kind: string, input: JsonObject): Entity => {
    const skipTransformations = answer['_transform'] === false
    const nowSeconds = Math.floor(now() / 1000)
    const parsed = catalog.parse(kind, input, { mode: 'insert', nowSeconds, skipTransformations })
    if (!parsed.ok) throw fault(question, parsed.violations.map(textOf(kind)).join('; '))
    return parsed.value
  }

  const given = objectAt(answer, 'consumer', question)
  const named = isCredential ? given : withAsked(given, question)
  const consumer = parse('consumers', { id: nameId(named, idOf), ...named }) as Consumer
  const groups = groupsOf(answer['groups'], question)
  if (!isCredential) return { consumer, credential: undefined, groups }
  const own = withAsked(objectAt(answer, 'credential', question), question)
  const id = idOf(question.kind, question.value)
  const credential = parse(question.kind, { id, ...own, consumer: { id: consumer.id } })
  return { consumer, credential, groups }
}

/** What is asked for is what is meant: a source that gives another row must not be believed. */
function withAsked(row: JsonObject, question: Question): JsonObject {
  const { field, value } = question
  const given = row[field] ?? value
  if (given !== value) throw fault(question, `its "${field}" is not the one that was asked for`)
  return { ...row, [field]: value }
}

/** Absent fields may come as `null`, as databases give them. */
function objectAt(answer: JsonObject, name: string, question: Question): JsonObject {
  const value = answer[name]
  if (!isJsonObject(value)) throw fault(question, `"${name}" must be an object`)
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
}

function nameId(consumer: JsonObject, idOf: ReadingRules['idOf']): string | undefined {
  const name = consumer['username'] ?? consumer['custom_id']
  return typeof name === 'string' ? idOf('consumers', name) : undefined
}

function groupsOf(value: unknown, question: Question): readonly string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((group) => typeof group === 'string')) return value
  throw fault(question, '"groups" must be a list of texts')
}

function textOf(kind: string): (violation: Violation) => string {
  return ({ path, message }) => [[kind, ...path].join('.'), message].join(': ')
}

function fault({ kind, field }: Question, why: string): SourceFault {
  return new SourceFault(`the answer about a ${field} of ${kind} is refused: ${why}`, {
    isOutage: false,
  })
}
