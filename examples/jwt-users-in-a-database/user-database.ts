import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The application's own database: SQLite, so that nothing has to be installed. */
const FILE = process.env['USERS_DB'] ?? path.join(os.tmpdir(), 'portunus-example-users.db')

const TABLES = `
  create table if not exists users (id text primary key, username text unique not null, role text);
  create table if not exists credentials (
    key text primary key, secret text not null, user_id text not null references users
  );`

/** Opens it, and makes its tables where there are none. */
export function openUserDatabase(): DatabaseSync {
  const database = new DatabaseSync(FILE, { timeout: 5000 })
  database.exec('pragma journal_mode = wal')
  database.exec(TABLES)
  return database
}
