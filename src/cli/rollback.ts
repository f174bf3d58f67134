import { changeLines, type ShownChange } from '../entities/entity-changes.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, adminAccess, askAdmin } from './admin-access.ts'
import { CommandFault, type Command } from './command.ts'

export const rollback: Command = {
  usage: `Usage: portunus rollback <version> [OPTIONS]

Put what an earlier version was in force again, as a new version.

Options:
${ADMIN_USAGE}`,
  options: ADMIN_OPTIONS,

  async run(call) {
    const [version] = call.operands
    if (version === undefined)
      throw new CommandFault('the <version> argument is required: "portunus history" shows them')
    const answer = (await askAdmin(adminAccess(call), '/config/rollback', { version })) as {
      readonly message: string
      readonly changes: readonly ShownChange[]
    }
    for (const line of answer.changes.flatMap(changeLines)) call.output.info(line)
    call.output.info(answer.message)
  },
}
