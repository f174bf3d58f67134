import { listenerCertificates } from '../gateway/listener-certificates.ts'
import { cliSettings } from './cli-settings.ts'
import type { Command } from './command.ts'
import { makePrefix } from './prefix-of.ts'

export const prepare: Command = {
  usage: `Usage: portunus prepare [OPTIONS]

Prepare the Kong prefix in the configured prefix directory: its folders, the
running configuration and the default certificates.

Example usage:
 portunus prepare -p /usr/local/kong -c kong.conf

Options:
 -c,--conf       (optional string) configuration file
 -p,--prefix     (optional string) override prefix directory
 --nginx-conf    (optional string) accepted, without effect
`,
  options: {
    conf: { short: 'c', takes: 'text' },
    prefix: { short: 'p', takes: 'text' },
    'nginx-conf': { takes: 'text' },
  },

  async run(call) {
    const settings = cliSettings(call)
    makePrefix(settings, call.output)
    await listenerCertificates(settings)
  },
}
