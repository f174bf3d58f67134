import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { clusteringCertificate } from '../gateway/self-signed-certificate.ts'
import { CommandFault, numberOption, type Call, type Command } from './command.ts'

const DEFAULT_DAYS = 1095

export const hybrid: Command = {
  usage: `Usage: portunus hybrid COMMAND [OPTIONS]

Hybrid mode utilities for Kong.

The available commands are:
  gen_cert [<cert> <key>]           Generate a certificate/key pair that is suitable
                                    for use in hybrid mode deployment.
                                    Cert and key will be written to
                                    './cluster.crt' and './cluster.key' inside
                                    the current directory unless filenames are given.

Options:
 -d,--days        (optional number) Override certificate validity duration.
                                    Default: 1095 days (3 years)
`,
  options: { days: { short: 'd', takes: 'number' } },
  subcommands: ['gen_cert'],

  async run(call) {
    const { certificate, key } = targetFiles(call)
    for (const file of [certificate, key])
      if (existsSync(file))
        throw new CommandFault(`${file} already exists.\nWill not overwrite it.`)
    const days = numberOption(call, 'days') ?? DEFAULT_DAYS
    if (!Number.isInteger(days) || days < 1)
      throw new CommandFault('days must be a whole number above 0')
    const pair = await clusteringCertificate(days)
    writeFileSync(certificate, pair.certificate, { mode: 0o644 })
    writeFileSync(key, pair.key, { mode: 0o600 })
    call.output.info(
      `Successfully generated certificate/key pairs, they have been written to: '${certificate}' and '${key}'.`,
    )
  },
}

function targetFiles({ operands, workingDirectory }: Call): {
  readonly certificate: string
  readonly key: string
} {
  if (operands.length === 1) throw new CommandFault('both cert and key path needs to be provided')
  const [certificate = './cluster.crt', key = './cluster.key'] = operands
  return {
    certificate: path.resolve(workingDirectory, certificate),
    key: path.resolve(workingDirectory, key),
  }
}
