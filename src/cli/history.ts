import { changeLines, type ShownChange } from '../entities/entity-changes.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, adminAccess, askAdmin } from './admin-access.ts'
import { numberOption, type Command } from './command.ts'

/** A version, as `GET /config/history` shows it. */
interface Version {
  readonly version: number
  readonly at: string
  readonly origin: { readonly by: string; readonly detail?: string }
  readonly change_count: number
  readonly changes: readonly ShownChange[]
}

const DEFAULT_SIZE = 20

export const history: Command = {
  usage: `Usage: portunus history [<version>] [OPTIONS]

Tell what changed in the running gateway, newest first: when, from where, and
what. With a version, all that it changed.

Options:
 -n,--number      (default ${DEFAULT_SIZE})        How many versions.
 --json                               As JSON.
${ADMIN_USAGE}`,
  options: { number: { short: 'n', takes: 'number' }, json: {}, ...ADMIN_OPTIONS },

  async run(call) {
    const { output, operands } = call
    const [version] = operands
    const size = numberOption(call, 'number') ?? DEFAULT_SIZE
    const answer = await askAdmin(
      adminAccess(call),
      version === undefined
        ? `/config/history?size=${size}`
        : `/config/history/${encodeURIComponent(version)}`,
    )
    if (call.options['json']) {
      output.raw(`${JSON.stringify(answer, undefined, 2)}\n`)
      return
    }
    const versions =
      version === undefined
        ? (answer as { readonly data: readonly Version[] }).data
        : [answer as Version]
    for (const line of versions.flatMap(versionLines)) output.info(line)
  },
}

function versionLines({ version, at, origin, change_count: count, changes }: Version) {
  const { by, detail } = origin
  const more = count - changes.length
  return [
    `version ${version}  ${at}  ${by}${detail === undefined ? '' : ` ${detail}`}`,
    ...changes.flatMap(changeLines).map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}
