import { COMMANDS, KONG_COMMAND_NAMES, OWN_COMMAND_NAMES } from '../../src/cli/commands.ts'
import { GENERATED } from './generated.ts'

/** The page of all commands, as `--help` shows them. */
export async function commandsPage(): Promise<string> {
  return [
    GENERATED,
    '# Commands',
    'Each also takes `--v`, `--vv` (what happens, and more of it) and `--help`. The exit code is 0 when all went ' +
      'well and 1 otherwise, unless a command says more.',
    '## Of Kong as well',
    ...(await Promise.all(KONG_COMMAND_NAMES.map(section))),
    '## Of Portunus alone',
    ...(await Promise.all(OWN_COMMAND_NAMES.map(section))),
  ].join('\n\n')
}

async function section(name: string): Promise<string> {
  const { usage, ownUsage } = await COMMANDS[name]!()
  // Where a command has no options but those of all, nothing stands below their heading.
  const own = usage.replace(/\n+Options:\n*$/, '').trimEnd()
  const block = (ownUsage === undefined ? own : `${own}\n\n${ownUsage}`)
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`))
  return `### ${name}\n\n${block.join('\n')}`
}
