import pg from 'pg'
import { usePostgres } from '../../support/start-postgres.ts'

export interface UserDatabase extends AsyncDisposable {
  readonly url: string
  run(statement: string): Promise<pg.QueryResult>
}

const TABLES = `
  create table users (id bigint primary key, name text not null, roles text[] not null);
  create table api_keys (key text primary key, owner bigint not null references users);
  insert into users values (1, 'ada', '{staff,users}'), (2, 'ben', '{users}'), (3, 'cyd', '{}');
  insert into api_keys values ('key-of-ada', 1), ('key-of-ben', 2), ('key-of-cyd', 3);`

/** A database of three users as an application may have it. */
export async function startUserDatabase(): Promise<UserDatabase> {
  await using stack = new AsyncDisposableStack()
  const server = stack.use(await usePostgres())
  const { host, port, user, password, database } = await server.newDatabase()
  const url = new URL(`postgres://${host}:${port}/${database}`)
  url.username = user
  url.password = password ?? ''
  const client = new pg.Client(url.href)
  await client.connect()
  stack.defer(() => client.end())
  await client.query(TABLES)
  const kept = stack.move()
  return {
    url: url.href,
    run: (statement) => client.query(statement),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
