import type { DatabaseSync } from 'node:sqlite'

/**
 * Steps that bring a file from one schema to the next, oldest first. A step that is out in the
 * world is never changed, only followed by another. Taken again it changes nothing that is there.
 *
 * A deleted row stays for a while without its content, so that others can tell what is gone.
 */
const STEPS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS portunus_entities (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     version INTEGER NOT NULL,
     row TEXT,
     PRIMARY KEY (kind, id)
   ) WITHOUT ROWID;
   CREATE INDEX IF NOT EXISTS portunus_entities_version ON portunus_entities (version);
   CREATE TABLE IF NOT EXISTS portunus_state (
     version INTEGER NOT NULL,
     complete_since INTEGER NOT NULL
   );
   INSERT INTO portunus_state (version, complete_since)
     SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM portunus_state);`,
  `CREATE TABLE IF NOT EXISTS portunus_history (
     version INTEGER PRIMARY KEY,
     record TEXT NOT NULL
   );`,
]

/**
 * Brings a file to the schema of this program. Several processes may try at once.
 *
 * @param isForced all steps are taken again, so that what went missing is made anew
 * @throws {Error} for a file that a later program, or another one, has made
 */
export function migrateSqlite(database: DatabaseSync, isForced = false): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    const done = schemaVersion(database)
    if (done > STEPS.length)
      throw new Error('it was made by a later version of Portunus; use that version')
    if (done === 0 && hasTables(database))
      throw new Error('it is the database of another program; name another file')
    for (const step of STEPS.slice(isForced ? 0 : done)) database.exec(step)
    database.exec(`PRAGMA user_version = ${STEPS.length}`)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

/** Deletes everything that is ours, entities included. The file stays, empty. */
export function resetSqlite(database: DatabaseSync): void {
  const tables = ['portunus_entities', 'portunus_state', 'portunus_history']
  const drops = tables.map((name) => `DROP TABLE IF EXISTS ${name};`)
  database.exec(`BEGIN IMMEDIATE; ${drops.join(' ')} PRAGMA user_version = 0; COMMIT; VACUUM`)
}

function schemaVersion(database: DatabaseSync): number {
  return database.prepare('PRAGMA user_version').get()!['user_version'] as number
}

function hasTables(database: DatabaseSync): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined
}
