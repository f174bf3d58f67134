import { existsSync } from 'node:fs'
import { preparePrefix } from '../gateway/prefix-layout.ts'
import { DEFAULT_FILES } from '../settings/read-settings.ts'
import { cliSettings, runningSettings } from './cli-settings.ts'
import { CommandFault, type Call, type Command } from './command.ts'
import { signalGateway } from './signal-gateway.ts'

export const reload: Command = {
  usage: `Usage: portunus reload [OPTIONS]

Reload a Kong node in given prefix directory.

This command sends a HUP signal: settings, certificates and the declarative
configuration are read again and put in force, while connections stay open
and requests in flight end under the configuration they began with.

Options:
 -c,--conf        (optional string) configuration file
 -p,--prefix      (optional string) prefix Kong is running at
 --nginx-conf     (optional string) accepted, without effect
 --nginx-conf-flags (optional string) accepted, without effect
`,
  options: {
    conf: { short: 'c', takes: 'text' },
    prefix: { short: 'p', takes: 'text' },
    'nginx-conf': { takes: 'text' },
    'nginx-conf-flags': { takes: 'text' },
  },

  async run(call) {
    const running = runningSettings(call)
    const defaults = hasSources(call) ? {} : Object.fromEntries(running.given)
    const settings = cliSettings(call, { defaults })
    if (!existsSync(settings.prefix)) throw new CommandFault(`no such prefix: ${settings.prefix}`)
    preparePrefix(settings)
    signalGateway(settings.prefix, 'SIGHUP')
    call.output.info('Kong reloaded')
  },
}

/**
 * Whether settings come from anywhere. Who started the gateway without any, as `start kong.yml`
 * does, means to keep what it was started with.
 */
function hasSources({ options, environment }: Call): boolean {
  const isSet = (variable: string) =>
    /^(KONG|PORTUNUS)_/.test(variable) && !/^(KONG|PORTUNUS)_PREFIX$/.test(variable)
  return (
    options['conf'] !== undefined ||
    Object.keys(environment).some(isSet) ||
    DEFAULT_FILES.some((file) => existsSync(file))
  )
}
