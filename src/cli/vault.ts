import { environmentVault } from '../secrets/environment-vault.ts'
import { fileVault } from '../secrets/file-vault.ts'
import { secretResolver } from '../secrets/resolve.ts'
import { looksLikeReference } from '../secrets/vault-reference.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, type Command } from './command.ts'

export const vault: Command = {
  usage: `Usage: portunus vault COMMAND [OPTIONS]

Vault utilities for Kong.

Example usage:
 TEST=hello portunus vault get env/test

The available commands are:
  get <reference>  Retrieves a value for <reference>

Options:
 -c,--conf    (optional string)  configuration file
 -p,--prefix  (optional string)  override prefix directory
`,
  options: { conf: { short: 'c', takes: 'text' }, prefix: { short: 'p', takes: 'text' } },
  subcommands: ['get'],

  async run(call) {
    const [given] = call.operands
    if (given === undefined)
      throw new CommandFault(
        "the 'get' command needs a <reference> argument \nportunus vault get <reference>",
      )
    const reference = looksLikeReference(given) ? given : `{vault://${given}}`
    const { vault_env_prefix, vault_file_folder } = cliSettings(call, { isQuiet: true })
    const sources = new Map([
      ['env', environmentVault(call.environment, vault_env_prefix)],
      ['file', fileVault(vault_file_folder)],
    ])
    const value = secretResolver(sources).resolve(reference)
    if (typeof value !== 'string') throw new CommandFault(value.fault)
    call.output.raw(`${value}\n`)
  },
}
