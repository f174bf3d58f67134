import { openUserDatabase } from './user-database.ts'

/** What the gateway wants to know: who has this value in that field of an entity of that kind? */
interface Question {
  readonly kind: string
  readonly field: string
  readonly value: string
}

const database = openUserDatabase()
const byKey = database.prepare(
  'select u.id, u.username, u.role, c.secret from credentials c join users u on u.id = c.user_id where c.key = ?',
)

/** The gateway's `consumer_source`: finds the user whose token names a key. */
export async function findConsumer({ kind, value }: Question): Promise<object | undefined> {
  if (kind !== 'jwt_secrets') return undefined
  const row = byKey.get(value)
  if (row === undefined) return undefined
  console.log(`looked up ${String(row['username'])}`)
  return {
    consumer: { id: row['id'], username: row['username'] },
    credential: { secret: row['secret'] },
    groups: row['role'] === null ? [] : [row['role']],
  }
}
