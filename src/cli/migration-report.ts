import type { KongMigration } from '../gateway/migrate-from-kong.ts'

/** More of one kind and reason are counted, not listed. */
const MOST_LISTED = 20

/** Says line by line what is taken from Kong, what is not, and why. */
export function migrationReport(migration: KongMigration): readonly string[] {
  const { lastMigration, workspace, entities, skipped, leftBehind } = migration
  const taken = Object.entries(entities)
    .filter(([, rows]) => rows.length > 0)
    .map(([kind, rows]) => `  ${kind}: ${rows.length}`)
  return [
    `Kong’s database (last migration ${lastMigration}), workspace ${workspace}`,
    '',
    taken.length === 0 ? 'Taken: nothing' : 'Taken:',
    ...taken,
    ...(skipped.length === 0 ? [] : ['', `Skipped: ${skipped.length}`, ...skippedLines(skipped)]),
    ...(leftBehind.size === 0
      ? []
      : [
          '',
          'Not taken, since there is nothing like it here:',
          ...[...leftBehind].map(([table, count]) => `  ${table}: ${rowsText(count)}`),
        ]),
    '',
  ]
}

function skippedLines(skipped: KongMigration['skipped']): readonly string[] {
  const groups = Map.groupBy(skipped, ({ kind, reason }) => `${kind}\n${reason}`)
  return [...groups.values()].flatMap((group) => {
    const lines = group
      .slice(0, MOST_LISTED)
      .map(
        ({ kind, id, name, reason }) =>
          `  ${kind} ${name === undefined ? id : `${name} (${id})`}: ${reason}`,
      )
    const more = group.length - lines.length
    return more === 0 ? lines : [...lines, `  and ${more} more ${group[0]!.kind} like these`]
  })
}

function rowsText(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`
}
