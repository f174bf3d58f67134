import type pg from 'pg'
import type { JsonObject } from '../base/json.ts'
import { SourceFault, type Ask, type Question } from './question.ts'

export interface PostgresSource {
  /** `postgres://…`, with its password. */
  readonly url: string
  /** One statement for each kind that is known: `$1` is the value, `$2` the name of the field. */
  readonly queries: ReadonlyMap<string, string>
  /** Most connections of one worker. */
  readonly connections: number
  readonly timeoutMs: number
}

/** Asks PostgreSQL. Connections are made when they are needed. */
export async function askPostgres(source: PostgresSource): Promise<Ask> {
  const { default: library } = await import('pg')
  const pool = new library.Pool({
    connectionString: source.url,
    max: source.connections,
    connectionTimeoutMillis: source.timeoutMs,
    query_timeout: source.timeoutMs,
    statement_timeout: source.timeoutMs,
    application_name: 'portunus consumer_source',
    allowExitOnIdle: true,
  })
  // A connection that breaks while nobody uses it: the next question makes another one.
  pool.on('error', () => undefined)
  return async (question) => {
    const text = source.queries.get(question.kind)
    return text === undefined ? undefined : answerOf(await run(pool, text, question), question)
  }
}

async function run(
  pool: pg.Pool,
  text: string,
  question: Question,
): Promise<readonly JsonObject[]> {
  const values = /\$2\b/.test(text) ? [question.value, question.field] : [question.value]
  try {
    const { rows } = await pool.query<JsonObject>({ text, values })
    return rows
  } catch (error) {
    const { code = '', message } = error as { readonly code?: string; readonly message: string }
    // Class 22 is about a value that does not fit, e.g. no UUID where one is compared with.
    const isMisfit = code.startsWith('22')
    const why = isMisfit ? 'a value does not fit the query' : message || code
    throw new SourceFault(`PostgreSQL: ${why}${code === '' ? '' : ` (${code})`}`, {
      isOutage: !isMisfit,
      cause: error,
    })
  }
}

const OF_CONSUMER = 'consumer_'

/** A row has the columns of the credential, those of the consumer as `consumer_…`, and `groups`. */
function answerOf(rows: readonly JsonObject[], question: Question): unknown {
  const [row] = rows
  if (row === undefined) return undefined
  if (rows.length > 1)
    throw new SourceFault(
      `PostgreSQL: ${rows.length} rows for one ${question.field} of ${question.kind}, must be one`,
      { isOutage: false },
    )
  const consumer: JsonObject = {}
  const credential: JsonObject = {}
  const answer: JsonObject = { consumer }
  if (question.kind !== 'consumers') answer['credential'] = credential
  for (const [column, value] of Object.entries(row)) {
    if (column === 'groups' || column === '_transform') answer[column] = value
    else if (column.startsWith(OF_CONSUMER))
      consumer[column.slice(OF_CONSUMER.length)] = nameOf(value)
    else if (question.kind === 'consumers') consumer[column] = nameOf(value)
    else credential[column] = value
  }
  return answer
}

/** Numbers name consumers in many databases; here names are texts. */
function nameOf(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value
}
