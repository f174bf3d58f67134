import { errorFields, type ErrorFields } from '../schema/kong-errors.ts'
import { luaLiteral } from '../schema/lua-literal.ts'
import { MESSAGES } from '../schema/rules.ts'
import type { Violation } from '../schema/violation.ts'
import type { DeclarativeRefusal } from './declarative.ts'
import { type Clash, keyIn, uniquenessMessage } from './entity-index.ts'
import { describeFaults, type Finding, type Surroundings, syntaxFault } from './faults.ts'
import { flattenErrors } from './flatten-errors.ts'
import { type Item, pathOf } from './item.ts'
import type { ItemViolation, ParsedItems } from './parse-items.ts'
import type { DocumentReading } from './read-document.ts'
import { type Dangling, danglingMessage } from './resolve-references.ts'
import type { Duplicate } from './uniqueness.ts'

/** Everything that was found wrong with a document. */
export interface Wrongs {
  /** All entities of the document, the right ones too. */
  readonly items: readonly Item[]
  /** About what is no entity. */
  readonly structural: readonly Violation[]
  readonly parsed: ParsedItems
  readonly clashes: readonly Clash[]
  readonly duplicates: readonly Duplicate[]
}

/** Refuses a text that could not be read at all. */
export function refuseText(reading: DocumentReading & { readonly ok: false }): DeclarativeRefusal {
  const fields: ErrorFields = { error: reading.message }
  const message = invalid(fields)
  return {
    ok: false,
    message,
    fields,
    faults: [syntaxFault(reading)],
    flattened: () => ({ message, fields }),
  }
}

/**
 * Refuses a document. Kong judges it in stages, and shows the errors of the first bad one alone:
 * each entity for itself, then references, keys and ids, then other unique values. Our own list of
 * faults has them all.
 */
export function refuseDocument(wrongs: Wrongs, surroundings: Surroundings): DeclarativeRefusal {
  const isFirstStage = isWrongByItself(wrongs)
  const fields = isFirstStage
    ? violationErrors(wrongs.structural, wrongs.parsed)
    : errorsOfLaterStage(wrongs)
  return {
    ok: false,
    message: invalid(fields),
    fields,
    faults: describeFaults(findingsOf(wrongs), surroundings),
    flattened: () => {
      const { items } = wrongs
      const flat = flattenErrors(fields, { ...surroundings, items, hasIds: !isFirstStage })
      return { message: invalid(flat.fields), ...flat }
    },
  }
}

function invalid(fields: ErrorFields): string {
  return `declarative config is invalid: ${luaLiteral(fields)}`
}

function isWrongByItself({ structural, parsed }: Wrongs): boolean {
  return structural.length > 0 || parsed.violations.length > 0 || parsed.dangling.some(isInner)
}

function errorsOfLaterStage({ parsed, clashes, duplicates }: Wrongs): ErrorFields {
  const keys = new Map(parsed.rows.map(({ item, entity }) => [item, keyIn(entity, item)]))
  /** What errors about all entities together call one of them: its key, made up or not, else its id. */
  const nameOf = (item: Item): string => keys.get(item) ?? item.id
  if (clashes.length > 0 || parsed.dangling.length > 0)
    return togetherErrors({ dangling: parsed.dangling, clashes, nameOf })
  const errors = newErrors()
  // The last one of a kind hides those before it.
  for (const { item, message } of duplicates) errors[item.kind.name] = { [nameOf(item)]: message }
  return errors as ErrorFields
}

/** Inside a parent, any reference is one too many as long as anything at all is wrong. */
function violationErrors(structural: readonly Violation[], parsed: ParsedItems): ErrorFields {
  const inner = parsed.inner.map(({ item, name }): Violation => ({
    path: [...pathOf(item), name],
    message: 'value must be null',
    kind: 'field',
  }))
  const covered = new Set(inner.map(({ path }) => path.join('\n')))
  const isCovered = ({ path, kind }: Violation): boolean =>
    kind === 'field' && path.some((_step, at) => covered.has(path.slice(0, at + 1).join('\n')))
  const unresolved = parsed.dangling
    .filter((reference) => !isInner(reference))
    .map(({ item, field }): Violation => ({
      path: [...pathOf(item), field.name, 'id'],
      message: MESSAGES.missingKey,
      kind: 'field',
    }))
  const others = [...structural, ...parsed.violations]
  return errorFields([
    ...(covered.size === 0 ? others : others.filter((violation) => !isCovered(violation))),
    ...inner,
    ...withoutThose(unresolved, parsed.violations),
  ])
}

/** A field that is forbidden altogether has had its message. */
function withoutThose(
  unresolved: readonly Violation[],
  known: readonly Violation[],
): readonly Violation[] {
  const places = new Set(known.map(({ path }) => path.join('\n')))
  return unresolved.filter(({ path }) => !places.has(path.slice(0, -1).join('\n')))
}

function isInner({ item }: Dangling): boolean {
  return item.list.parent !== undefined
}

type Errors = Record<string | number, unknown>

function newErrors(): Errors {
  return Object.create(null) as Errors
}

function branch(errors: Errors, name: string | number): Errors {
  return (errors[name] ??= newErrors()) as Errors
}

interface Together {
  readonly dangling: readonly Dangling[]
  readonly clashes: readonly Clash[]
  readonly nameOf: (item: Item) => string
}

/** Dangling references stand by name, clashes by position. */
function togetherErrors({ dangling, clashes, nameOf }: Together): ErrorFields {
  const errors = newErrors()
  for (const reference of dangling) {
    const texts = (branch(errors, reference.item.kind.name)[nameOf(reference.item)] ??= [])
    ;(texts as string[]).push(danglingMessage(reference))
  }
  for (const clash of clashes) {
    const { item } = clash
    const { parent } = item.list
    // Only clashes of ids are told where they are nested, and only by the nearest parent.
    const around =
      clash.isId && parent !== undefined
        ? branch(branch(errors, parent.kind.name), parent.index + 1)
        : errors
    branch(around, item.kind.name)[item.index + 1] = clashMessage(clash)
  }
  return asLists(errors) as ErrorFields
}

/** Tables whose keys are positions alone are lists, with null for the good ones before a bad one. */
function asLists(errors: unknown): unknown {
  if (typeof errors !== 'object' || errors === null || Array.isArray(errors)) return errors
  const entries = Object.entries(errors).map(([name, below]) => [name, asLists(below)] as const)
  if (!entries.every(([name]) => /^[1-9]\d*$/.test(name))) return Object.fromEntries(entries)
  const list: unknown[] = []
  for (const [name, below] of entries) {
    while (list.length < Number(name) - 1) list.push(null)
    list[Number(name) - 1] = below
  }
  return list
}

function clashMessage({ item, field, value }: Clash): string {
  return uniquenessMessage(item.kind.name, field, value)
}

function findingsOf({ structural, parsed, clashes, duplicates }: Wrongs): readonly Finding[] {
  return [
    ...structural,
    ...withoutConsequences(parsed.violations, parsed.dangling),
    ...parsed.dangling.map((reference) => ({
      path: [...pathOf(reference.item), reference.field.name],
      message: danglingMessage(reference),
      kind: 'field' as const,
      item: reference.item,
      dangling: reference,
    })),
    ...clashes.map((clash) => ({
      path: [...pathOf(clash.item), ...(clash.isId ? [] : [clash.field])],
      message: clashMessage(clash),
      kind: 'field' as const,
      item: clash.item,
    })),
    ...duplicates.map(({ item, field, message }) => ({
      path: [...pathOf(item), field],
      message,
      kind: 'field' as const,
      item,
    })),
  ]
}

/** Leaves out what only follows from a reference that leads nowhere. */
function withoutConsequences(
  violations: readonly ItemViolation[],
  dangling: readonly Dangling[],
): readonly ItemViolation[] {
  const byItem = Map.groupBy(dangling, ({ item }) => item)
  return violations.filter(({ item, path, message }) =>
    (byItem.get(item) ?? []).every(
      ({ field }) =>
        !message.includes(`'${field.name}.id'`) && path.slice(-2).join('.') !== `${field.name}.id`,
    ),
  )
}
