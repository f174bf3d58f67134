import { isDeepStrictEqual } from 'node:util'
import type { Field, Fields } from '../schema/field.ts'
import type { Catalog } from './catalog.ts'
import type { Entity } from './entity.ts'
import { entityNamer, referredId, type FindRow } from './entity-name.ts'

/** What happened to one entity, in words and values that may be shown to people. */
export interface ShownChange {
  readonly what: 'added' | 'changed' | 'removed'
  readonly kind: string
  readonly id: string
  /** As {@link entityNamer} names it. */
  readonly entity: string
  /** What differs, for `changed`. */
  readonly fields: readonly ShownField[]
}

export interface ShownField {
  /** Dotted path: `config.claims_to_verify`. */
  readonly field: string
  readonly before: unknown
  readonly after: unknown
}

/** A row before and after; none where there was or is none. */
export interface RowChange {
  readonly kind: string
  readonly before: Entity | undefined
  readonly after: Entity | undefined
}

/** Where the rows are to be found that those before and those after refer to. */
export interface ChangeContext {
  readonly catalog: Pick<Catalog, 'kind' | 'plugin'>
  readonly findBefore: FindRow
  readonly findAfter: FindRow
}

const MASK = '******'
/** Made by the gateway, whatever anybody wanted. */
const AUTOMATIC = new Set(['id', 'created_at', 'updated_at'])

/** Says what happened to entities. Values of secrets are masked, references are names. */
export function changeTeller(context: ChangeContext): (change: RowChange) => ShownChange {
  const { catalog } = context
  const nameBefore = entityNamer(catalog, context.findBefore)
  const nameAfter = entityNamer(catalog, context.findAfter)
  return ({ kind, before, after }) => {
    const row = (after ?? before)!
    const named = { kind, id: row.id, entity: (after ? nameAfter : nameBefore)(kind, row) }
    if (before === undefined) return { what: 'added', ...named, fields: [] }
    if (after === undefined) return { what: 'removed', ...named, fields: [] }
    return { what: 'changed', ...named, fields: differences(context, kind, before, after) }
  }
}

function differences(
  { catalog, findBefore, findAfter }: ChangeContext,
  kind: string,
  before: Entity,
  after: Entity,
): readonly ShownField[] {
  const names = [entityNamer(catalog, findBefore), entityNamer(catalog, findAfter)] as const
  const finds = [findBefore, findAfter] as const
  const fields = fieldsOf(catalog, kind, after)
  const shown = (side: 0 | 1, spec: Field | undefined, value: unknown): unknown => {
    const id = spec?.type === 'foreign' ? referredId(value) : undefined
    if (spec?.type !== 'foreign' || id === undefined) return value ?? null
    const row = finds[side](spec.reference, id)
    return row === undefined ? id : names[side](spec.reference, row)
  }
  const compare = (
    path: readonly string[],
    spec: Field | undefined,
    values: readonly [unknown, unknown],
  ): readonly ShownField[] => {
    const [old, now] = [shown(0, spec, values[0]), shown(1, spec, values[1])]
    if (isDeepStrictEqual(plain(old), plain(now))) return []
    if (spec?.type === 'record') {
      // One that comes or goes as a whole is told field by field as well.
      const [oldFields, nowFields] = [isRecord(old) ? old : {}, isRecord(now) ? now : {}]
      const inside = Object.entries(spec.fields).flatMap(([name, inner]) =>
        compare([...path, name], inner, [oldFields[name], nowFields[name]]),
      )
      if (inside.length > 0) return inside
    }
    const mask = isSecret(kind, path, spec) ? masked : (value: unknown) => value
    return [{ field: path.join('.'), before: mask(old), after: mask(now) }]
  }
  return Object.entries(fields)
    .filter(([name]) => !AUTOMATIC.has(name))
    .flatMap(([name, spec]) => compare([name], spec, [before[name], after[name]]))
}

function fieldsOf(catalog: ChangeContext['catalog'], kind: string, row: Entity): Fields {
  const { fields = {} } = catalog.kind(kind) ?? {}
  const config = kind === 'plugins' ? catalog.plugin(String(row['name']))?.config : undefined
  return config === undefined ? fields : { ...fields, config }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Objects without prototypes are as good as others. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? JSON.parse(JSON.stringify(value)) : value
}

const SECRET_WORDS = /password|secret|token|private|credential|api_?key|auth|^key(?:_alt)?$|jwk/i
/** Fields that sound like a secret and are none. */
const OPEN_FIELDS = new Set(['jwt_secrets.key', 'oauth2_tokens.token_type'])
/** Fields that are one and do not sound like it: private keys, and what sessions hold and are found by. */
const SECRET_FIELDS = new Set([
  'acme_storage.value',
  'oauth2_authorization_codes.code',
  'session_metadatas.sid',
  'sessions.data',
  'sessions.session_id',
])

/** Rather too much than too little: what may hold a reference to a secret may hold the secret. */
function isSecret(kind: string, path: readonly string[], spec: Field | undefined): boolean {
  const name = `${kind}.${path.join('.')}`
  if (spec === undefined || OPEN_FIELDS.has(name)) return false
  if (SECRET_FIELDS.has(name) || holdsSecrets(spec)) return true
  if (spec.type === 'boolean' || spec.type === 'number' || spec.type === 'integer') return false
  return SECRET_WORDS.test(path.at(-1)!) && !/(?:_name|_names|_type|_ttl)$/.test(path.at(-1)!)
}

function holdsSecrets(spec: Field): boolean {
  if (spec.encrypted === true || spec.referenceable === true) return true
  if (spec.type === 'array' || spec.type === 'set') return holdsSecrets(spec.elements)
  if (spec.type === 'record') return Object.values(spec.fields).some(holdsSecrets)
  return spec.type === 'map' && holdsSecrets(spec.values)
}

/** A reference to a secret is none. */
function masked(value: unknown): unknown {
  const isReference = typeof value === 'string' && value.startsWith('{vault://')
  return value === null || isReference ? value : MASK
}

/** One line for each change, and one below it for each field of a changed entity. */
export function changeLines({ what, entity, fields }: ShownChange): readonly string[] {
  return [
    `${what.padEnd(9)}${entity}`,
    ...fields.map(
      ({ field, before, after }) => `  ${field}: ${valueText(before)} → ${valueText(after)}`,
    ),
  ]
}

const MAX_VALUE_LENGTH = 100

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'unset'
  if (value === MASK) return MASK
  // The name of an entity has quotes of its own.
  const isName = typeof value === 'string' && value.includes('"')
  const text = isName ? value : JSON.stringify(value)
  return text.length <= MAX_VALUE_LENGTH ? text : `${text.slice(0, MAX_VALUE_LENGTH - 1)}…`
}
