import { createHash, randomUUID } from 'node:crypto'
import type { JsonObject } from '../base/json.ts'
import type { Entity, EntityKind } from '../entities/entity.ts'
import { hasExpired } from './has-expired.ts'
import type { NodeServices } from './plugin.ts'
import { nodeTickets, type ByteStore } from './shared-memory.ts'

/**
 * Rows of kinds with `isIssued`, which plugins make while requests run: tokens, codes, sessions. With a
 * database they are in it, and hold on every node and after a restart.
 */
export interface IssuedRows {
  /** By a unique field. A promise only where it must be asked for. */
  find(
    kind: EntityKind,
    field: string,
    value: string,
  ): Entity | undefined | Promise<Entity | undefined>
  /** @param lastsSeconds 0: for ever. @throws when it cannot be kept */
  add(kind: EntityKind, fields: JsonObject, lastsSeconds: number): Promise<Entity>
  /**
   * Gives a row other values, and a new end unless `lastsSeconds` is 0.
   *
   * @returns whether it was still there
   */
  change(
    kind: EntityKind,
    row: Entity,
    { fields, lastsSeconds }: { readonly fields: JsonObject; readonly lastsSeconds: number },
  ): Promise<boolean>
  /** @returns whether it was still there: of two that remove the same row one is told so */
  remove(kind: EntityKind, row: Entity): Promise<boolean>
}

/** Where this node keeps such rows: in the database, or else in its memory, for all its workers. */
export function issuedRows(node: NodeServices): IssuedRows {
  return node.issuedRows ?? rowsInMemory(nodeTickets(node), node)
}

/** What a row is called in memory. What is secret in it is no part of that. */
export function issuedName(kind: string, field: string, value: string): string {
  return `issued ${kind} ${field} ${createHash('sha256').update(value).digest('base64url')}`
}

/** The names of a row, one for each unique field it has. */
export function issuedNames({ name, fields }: EntityKind, row: Entity): readonly string[] {
  return Object.entries(fields).flatMap(([field, { unique }]) => {
    const value = row[field]
    return unique === true && typeof value === 'string' ? [issuedName(name, field, value)] : []
  })
}

/** As far as the memory counts. */
export const FOR_EVER = 2 ** 31 - 1

function rowsInMemory(memory: ByteStore, { now }: Pick<NodeServices, 'now'>): IssuedRows {
  const seconds = (): number => Math.floor(now() / 1000)

  function write(kind: EntityKind, row: Entity): void {
    const until = typeof row['expires_at'] === 'number' ? row['expires_at'] : FOR_EVER
    const bytes = Buffer.from(JSON.stringify(row))
    for (const name of issuedNames(kind, row))
      if (!memory.set(name, bytes, until))
        throw new Error(`Cannot keep one of ${kind.name}: it is too long`)
  }

  function erase(kind: EntityKind, row: Entity): boolean {
    const were = issuedNames(kind, row).map((name) => memory.delete(name))
    return were.includes(true)
  }

  return {
    find(kind, field, value) {
      const bytes = memory.get(issuedName(kind.name, field, value), seconds())
      const row = bytes && (JSON.parse(Buffer.from(bytes).toString()) as Entity)
      return row === undefined || hasExpired(row, now()) ? undefined : row
    },
    add(kind, fields, lastsSeconds) {
      const made = { id: randomUUID(), created_at: seconds(), ...fields }
      const row = ending(made, lastsSeconds)
      write(kind, row)
      return Promise.resolve(row)
    },
    change(kind, row, { fields, lastsSeconds }) {
      const isThere = erase(kind, row)
      if (isThere) write(kind, ending({ ...row, ...fields }, lastsSeconds))
      return Promise.resolve(isThere)
    },
    remove: (kind, row) => Promise.resolve(erase(kind, row)),
  }

  function ending(row: Entity, lastsSeconds: number): Entity {
    return lastsSeconds === 0 ? row : { ...row, expires_at: seconds() + lastsSeconds }
  }
}
