import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
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
    const [listener] = runningSettings(call).listeners.status
    if (listener === undefined) {
      call.output.info('No status listeners found in configuration.')
      return
    }
    const scheme = listener.ssl ? 'https' : 'http'
    const url = `${scheme}://${reachable(listener.ip)}:${listener.port}/status/ready`
    const status = await postDraining(url).catch((error: unknown) => {
      throw new CommandFault(`Failed to send request to ${url}: ${(error as Error).message}`)
    })
    if (status !== 204) throw new CommandFault(`Unexpected response status from ${url}: ${status}`)
    call.output.info("Kong's status successfully changed to 'draining'")
  },
}

const PATIENCE_MS = 5000

/** @returns the status it is answered with */
async function postDraining(url: string): Promise<number | undefined> {
  const options = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    // It is this machine that is spoken to, often with a certificate that it signed itself.
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(PATIENCE_MS),
  }
  const request = url.startsWith('https:')
    ? https.request(url, options)
    : http.request(url, options)
  request.end(JSON.stringify({ status: 'draining' }))
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  response.resume()
  return response.statusCode
}

function reachable(ip: string): string {
  if (ip === '0.0.0.0') return '127.0.0.1'
  return ip.includes(':') ? `[${ip}]` : ip
}
