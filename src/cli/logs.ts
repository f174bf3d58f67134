import { ADMIN_OPTIONS, ADMIN_USAGE, adminAccess, askAdmin } from './admin-access.ts'
import { columns } from './columns.ts'
import { numberOption, textOption, type Command } from './command.ts'
import { printable } from './printable.ts'

/** A record as `GET /explain` lists it. */
interface Listed {
  readonly id: string
  readonly at: string
  readonly status: number
  readonly answered_by: string
  readonly reason?: string
  readonly request: { readonly method: string; readonly path: string; readonly client_ip: string }
  readonly consumer: { readonly id: string; readonly name: string | null } | null
}

const DEFAULT_SIZE = 20
/** Enough to ask "portunus why" with. */
const SHOWN_DIGITS = 8

export const logs: Command = {
  usage: `Usage: portunus logs [OPTIONS]

List requests that the running gateway answered itself, and a sample of the
others, oldest first, each with why and the digits to ask "portunus why" with.

Options:
 --status         (optional string)   Only those with this status: 401, 4xx.
 -n,--number      (default ${DEFAULT_SIZE})        How many.
 --json                               As JSON.
${ADMIN_USAGE}`,
  options: {
    status: { takes: 'text' },
    number: { short: 'n', takes: 'number' },
    json: {},
    ...ADMIN_OPTIONS,
  },

  async run(call) {
    const { output } = call
    const status = textOption(call, 'status')
    const size = numberOption(call, 'number') ?? DEFAULT_SIZE
    const of = status === undefined ? '' : `&status=${encodeURIComponent(status)}`
    const answer = await askAdmin(adminAccess(call), `/explain?size=${size}${of}`)
    const records = (answer as { readonly data: readonly Listed[] }).data.toReversed()
    if (call.options['json']) output.raw(`${JSON.stringify(records, undefined, 2)}\n`)
    else for (const line of columns(records.map(rowOf))) output.info(printable(line))
  },
}

function rowOf(record: Listed): readonly string[] {
  const { id, at, status, request, answered_by: by, reason, consumer } = record
  const { method, path, client_ip: ip } = request
  const who = consumer === null ? ip : (consumer.name ?? consumer.id)
  const why = reason === undefined || reason.startsWith(by) ? (reason ?? by) : `${by}: ${reason}`
  return [at, who, `${method} ${path}`, String(status), id.slice(0, SHOWN_DIGITS), why]
}
