import { runningSettings } from './cli-settings.ts'
import { CommandFault, type Command } from './command.ts'

export const drain: Command = {
  usage: `Usage: portunus drain [OPTIONS]

Make status listener(\`/status/ready\`) return 503 Service Unavailable.

Example usage:
 portunus drain

Options:
 -c,--conf    (optional string)  configuration file
 -p,--prefix  (optional string)  override prefix directory
`,
  options: { conf: { short: 'c', takes: 'text' }, prefix: { short: 'p', takes: 'text' } },

  async run(call) {
    const { listeners } = runningSettings(call)
    const listener = listeners.status.find(({ ssl }) => !ssl)
    if (listener === undefined)
      throw new CommandFault('status_listen has no address without ssl to say it to')
    const host = listener.ip.includes(':') ? `[${listener.ip}]` : reachable(listener.ip)
    const url = `http://${host}:${listener.port}/status/ready`
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'status=draining',
    }).catch((error: unknown) => {
      throw new CommandFault(`could not reach ${url}: ${(error as Error).message}`)
    })
    if (response.status !== 204)
      throw new CommandFault(`${url} answered ${response.status}, not 204`)
    call.output.info("Kong's status successfully changed to 'draining'")
  },
}

function reachable(ip: string): string {
  return ip === '0.0.0.0' ? '127.0.0.1' : ip
}
