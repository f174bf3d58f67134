import { COMPATIBILITY_VERSION, portunusVersion } from '../gateway/versions.ts'
import type { Command } from './command.ts'

export const version: Command = {
  usage: `Usage: portunus version [OPTIONS]

Print the version of Kong this gateway stands in for. With the -a option,
will print our own version and those of what is underneath.

Options:
 -a,--all         get version of all dependencies
`,
  options: { all: { short: 'a' } },

  async run({ options, output }) {
    if (!options['all']) {
      output.raw(`${COMPATIBILITY_VERSION}\n`)
      return
    }
    const { node, openssl } = process.versions
    output.raw(
      [
        `Kong: ${COMPATIBILITY_VERSION}`,
        `portunus: ${portunusVersion()}`,
        `node: ${node}`,
        `openssl: ${openssl}\n`,
      ].join('\n'),
    )
  },
}
