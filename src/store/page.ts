import type { Entity } from '../entities/entity.ts'
import { SortedIds } from './sorted-ids.ts'
import type { Page, PageRequest } from './store.ts'
import { foreignId, tagsOf, type Table } from './table.ts'

/** Reads one page of a table: from the smallest index that serves, what is left filtered out. */
export function readPage(table: Table, request: PageRequest, nowSeconds: number): Page {
  const { size, afterId, tags, referring } = request
  const ids = candidates(table, request)
  const inOrder = ids.inOrder()
  const rows: Entity[] = []
  for (let at = ids.after(afterId); at < inOrder.length; at += 1) {
    const row = table.get(inOrder[at]!)!
    if (table.hasExpired(row.id, nowSeconds)) continue
    if (tags !== undefined && !hasTags(row, tags)) continue
    if (referring !== undefined && foreignId(row[referring.field]) !== referring.id) continue
    if (rows.length === size) return { rows, lastId: rows.at(-1)!.id }
    rows.push(row)
  }
  return { rows, lastId: undefined }
}

function candidates(table: Table, { tags, referring }: PageRequest): SortedIds {
  if (referring !== undefined) return table.children(referring.field, referring.id)
  if (tags === undefined) return table.ids()
  const tagged = tags.names.map((tag) => table.tagged(tag))
  if (tags.combine === 'and')
    return tagged.reduce((least, ids) => (ids.size < least.size ? ids : least))
  // Where many rows have one of the tags, looking at each row in turn finds a page sooner.
  const found = tagged.reduce((sum, ids) => sum + ids.size, 0)
  if (found > table.size / 8) return table.ids()
  const union = new SortedIds()
  for (const id of new Set(tagged.flatMap((ids) => ids.inOrder()))) union.add(id)
  return union
}

function hasTags(row: Entity, { names, combine }: NonNullable<PageRequest['tags']>): boolean {
  const own = new Set(tagsOf(row))
  return combine === 'and' ? names.every((tag) => own.has(tag)) : names.some((tag) => own.has(tag))
}
