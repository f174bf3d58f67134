import { DatabaseSync } from 'node:sqlite'
import { migrateSqlite, resetSqlite } from './sqlite-migrations.ts'

/** Makes what went missing of the tables in a file. @throws {Error} when the file cannot be used */
export function repairSqliteFile(file: string): void {
  withDatabase(file, (database) => migrateSqlite(database, true))
}

/** Empties a file. @throws {Error} when it cannot be used, or somebody writes to it for seconds */
export function resetSqliteFile(file: string): void {
  withDatabase(file, resetSqlite)
}

function withDatabase(file: string, work: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(file, { timeout: 2000 })
  try {
    work(database)
  } catch (error) {
    throw new Error(`Cannot change the SQLite database "${file}": ${(error as Error).message}`, {
      cause: error,
    })
  } finally {
    database.close()
  }
}
