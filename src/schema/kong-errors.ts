import { luaLiteral } from './lua-literal.ts'
import type { Violation } from './violation.ts'

/** Violations as answers show them: texts, nested like the value they are about. */
export type ErrorFields = Readonly<Record<string, ErrorTree>>
export type ErrorTree =
  | string
  | null
  | readonly ErrorTree[]
  | { readonly [name: string]: ErrorTree }

/**
 * Nests violations as the `fields` object of an error answer: text at each field, lists with null
 * for the good elements before a bad one, and `@entity` as the list of texts about the whole.
 */
export function errorFields(violations: readonly Violation[]): ErrorFields {
  const root = newTree()
  for (const { path, message, kind } of violations) {
    if (kind === 'entity') place(root, [...path, '@entity'], message)
    else if (path.length === 0) place(root, ['@entity'], message)
    else place(root, path, message)
  }
  return root as ErrorFields
}

type Tree = Record<string, unknown> | unknown[]

/** Names may be a client's, so trees have no prototype. */
function newTree(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}

function place(root: Tree, path: readonly (string | number)[], message: string): void {
  let tree = root
  for (const [at, step] of path.slice(0, -1).entries()) {
    const known = child(tree, step)
    const next = isTree(known) ? known : typeof path[at + 1] === 'number' ? [] : newTree()
    put(tree, step, next)
    tree = next
  }
  const last = path.at(-1)!
  const known = child(tree, last)
  if (last === '@entity') put(tree, last, [...(Array.isArray(known) ? known : []), message])
  else if (known === undefined || known === null) put(tree, last, message)
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null
}

function child(tree: Tree, step: string | number): unknown {
  return (tree as Record<string | number, unknown>)[step]
}

function put(tree: Tree, step: string | number, value: unknown): void {
  if (Array.isArray(tree) && typeof step === 'number') while (tree.length < step) tree.push(null)
  ;(tree as Record<string | number, unknown>)[step] = value
}

/** The text of code 2 answers: `schema violation (…)` or `2 schema violations (…; …)`. */
export function schemaViolationMessage(fields: ErrorFields): string {
  const texts = violationTexts(fields)
  const head = texts.length === 1 ? 'schema violation' : `${texts.length} schema violations`
  return `${head} (${texts.join('; ')})`
}

/** Texts about the whole first, then by field in order; below the second level as Lua tables. */
function violationTexts(fields: ErrorFields): readonly string[] {
  const whole = fields['@entity']
  const texts = Array.isArray(whole) ? whole.map(String) : []
  for (const name of Object.keys(fields).sort()) {
    if (name === '@entity') continue
    const tree = fields[name]!
    if (typeof tree === 'string') texts.push(`${name}: ${tree}`)
    else for (const [key, below] of branches(tree)) texts.push(`${name}.${key}: ${textOf(below)}`)
  }
  return texts
}

function branches(tree: ErrorTree): readonly (readonly [string, ErrorTree])[] {
  if (Array.isArray(tree)) {
    const list = tree as readonly ErrorTree[]
    return list.flatMap((below, at) => (below === null ? [] : [[String(at + 1), below] as const]))
  }
  return Object.entries(tree as Readonly<Record<string, ErrorTree>>).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )
}

function textOf(tree: ErrorTree): string {
  return typeof tree === 'string' ? tree : luaLiteral(tree, 'lines')
}

/** The body of a 400 answer to a broken entity. */
export interface SchemaViolationBody {
  readonly code: 2
  readonly name: 'schema violation'
  readonly message: string
  readonly fields: ErrorFields
}

export function schemaViolation(violations: readonly Violation[]): SchemaViolationBody {
  const fields = errorFields(violations)
  return { code: 2, name: 'schema violation', message: schemaViolationMessage(fields), fields }
}
