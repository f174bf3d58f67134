import type { Entity, EntityKind } from '../entities/entity.ts'
import type { PageRequest } from '../store/store.ts'
import { accepted, json, refused, type AdminAnswer, type Outcome } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { invalidOffset, invalidSize, invalidTags } from './error-answers.ts'
import type { Scope } from './entity-keys.ts'
import { presentEntity } from './present-entity.ts'
import type { AdminRequest } from './resource.ts'

type Query = AdminRequest['query']

const DEFAULT_SIZE = 100
const MAX_SIZE = 1000
const MAX_TAGS = 5
/** Anything but control characters and what separates tags. */
const TAG = /^[^\p{Cc},/]+$/u

export interface NestedList {
  readonly scope: Scope
  /** Path of the list, for `next`. */
  readonly path: string
}

/** Answers one page of a kind's rows, of one parent if it is nested. */
export function listPage(
  context: AdminContext,
  kind: EntityKind,
  query: Query,
  nested?: NestedList,
): AdminAnswer {
  const size = pageSize(query)
  if (!size.ok) return size.answer
  const tags = tagFilter(kind, query)
  if (!tags.ok) return tags.answer
  const cursor = context.isDbLess ? memoryCursor(kind.name) : DATABASE_CURSOR
  const start = cursor.read(query.get('offset'))
  if (!start.ok) return start.answer
  if (start.value.at === 'end') return json(200, { data: [], next: null })
  const page = context.store.page(kind.name, {
    size: size.value,
    ...(start.value.at === 'after' && { afterId: start.value.id }),
    ...(nested ? { referring: nested.scope } : tags.value && { tags: tags.value }),
  })
  const data = page.rows.map((row) => presentEntity(context, kind.name, row))
  const lastId = page.lastId ?? cursor.lastOfFull(page.rows, size.value)
  if (lastId === undefined) return json(200, { data, next: null })
  const offset = cursor.write(lastId)
  return json(200, { data, next: nextUrl(kind, query, offset, nested), offset })
}

function nextUrl(
  kind: EntityKind,
  query: Query,
  offset: string,
  nested: NestedList | undefined,
): string {
  const path = nested?.path ?? `/${kind.urlName ?? kind.name}`
  return `${path}?offset=${encodeURIComponent(offset)}${nested ? '' : carriedOn(query)}`
}

function carriedOn(query: Query): string {
  const carried = ['tags', 'size'].map((name): string => {
    const value = query.get(name)
    return typeof value === 'string' ? `&${name}=${encodeURIComponent(value)}` : ''
  })
  return carried.join('')
}

/** @param options `isCut`: a page that would be too long is as long as one may be */
export function pageSize(
  query: Query,
  { isCut = false }: { readonly isCut?: boolean } = {},
): Outcome<number> {
  const given = query.get('size')
  if (given === undefined) return accepted(DEFAULT_SIZE)
  const size = typeof given === 'string' && given.trim() !== '' ? Number(given) : Number.NaN
  if (Number.isNaN(size)) return refused(invalidSize('size must be a number'))
  if (isCut && size > MAX_SIZE) return accepted(MAX_SIZE)
  return Number.isInteger(size) && size >= 1 && size <= MAX_SIZE
    ? accepted(size)
    : refused(invalidSize(`size must be an integer between 1 and ${MAX_SIZE}`))
}

function tagFilter(kind: EntityKind, query: Query): Outcome<PageRequest['tags']> {
  const given = query.get('tags')
  if (given === undefined) return accepted(undefined)
  if (given === true || given === '') return refused(invalidTags('cannot be null'))
  if (!Object.hasOwn(kind.fields, 'tags'))
    return refused(invalidTags(`cannot be used with '${kind.name}'`))
  const combine = given.includes('/') ? 'or' : 'and'
  const names = given.split(combine === 'or' ? '/' : ',')
  // Behind a last separator stands a tag without letters, which nothing has.
  if (
    names.some((name, at) => !TAG.test(name) && (name !== '' || at === 0 || at < names.length - 1))
  )
    return refused(invalidTags('invalid filter syntax'))
  if (names.length > MAX_TAGS)
    return refused(invalidTags(`cannot query more than ${MAX_TAGS} tags`))
  return accepted({ names, combine })
}

type Start =
  | { readonly at: 'first' }
  | { readonly at: 'after'; readonly id: string }
  | { readonly at: 'end' }

/** Where a page begins: what the `offset` of the page before means. */
interface Cursor {
  read(offset: string | true | undefined): Outcome<Start>
  write(lastId: string): string
  /** Without a database a full page always has a next one, if only an empty one. */
  lastOfFull(rows: readonly Entity[], size: number): string | undefined
}

/** Base64 of `["<id>"]`, as with a database. */
const DATABASE_CURSOR: Cursor = {
  read(offset) {
    if (offset === undefined) return accepted({ at: 'first' })
    const text = offset === true ? '' : offset
    if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1)
      return refused(invalidOffset(text, 'bad base64 encoding'))
    const id = idIn(Buffer.from(text, 'base64').toString('utf8'))
    return id === undefined
      ? refused(invalidOffset(text, 'bad json encoding'))
      : accepted({ at: 'after', id })
  },
  write: (lastId) => unpadded(JSON.stringify([lastId])),
  lastOfFull: () => undefined,
}

function idIn(text: string): string | undefined {
  try {
    const keys: unknown = JSON.parse(text)
    const id: unknown = Array.isArray(keys) ? keys[0] : undefined
    return typeof id === 'string' ? id : undefined
  } catch {
    // The caller says that the offset is bad.
    return undefined
  }
}

/** Id of the default workspace without a database; part of keys that clients may keep. */
export const DEFAULT_WORKSPACE = '0dc6f45b-8f8d-40d2-a504-473544ee190b'

/** Base64 of the key of the last row, as without a database; other keys are places in that order. */
function memoryCursor(kind: string): Cursor {
  const prefix = `${kind}|${DEFAULT_WORKSPACE}|*|`
  return {
    read(offset) {
      if (offset === undefined) return accepted({ at: 'first' })
      if (offset === true || offset === '') return refused(invalidOffset('', 'bad base64 encoding'))
      const key = Buffer.from(offset, 'base64').toString('latin1')
      if (key.startsWith(prefix))
        return accepted({ at: 'after', id: key.slice(prefix.length).replace(/\0$/, '') })
      return accepted({ at: key > prefix ? 'end' : 'first' })
    },
    write: (lastId) => unpadded(`${prefix}${lastId}\0`),
    lastOfFull: (rows, size) => (rows.length === size ? rows.at(-1)!.id : undefined),
  }
}

function unpadded(text: string): string {
  return Buffer.from(text).toString('base64').replace(/=+$/, '')
}
