import { readFileSync } from 'node:fs'
import path from 'node:path'
import { isJsonObject } from '../base/json.ts'
import type { RouteExplanation } from '../gateway/explain-routes.ts'
import { adminAccess, unreachable } from './admin-access.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, textOption, type Call, type Command } from './command.ts'
import { explanationLines } from './explanation-lines.ts'

export const route: Command = {
  usage: `Usage: portunus route "<method> <url>" [<file>] [OPTIONS]

Say which route takes a request, what happens to it then, and why no other
route takes it. Nothing is sent to any upstream.

<method> <url>  such as "POST http://shop.example/orders?page=2"; GET may be
                left out
<file>          a declarative configuration; without it the gateway that is
                running is asked

Options:
 -H,--header      (optional string)   A header, "Name: value"; may be repeated.
 --consumer       (optional string)   Who sends it: a consumer may have plugin
                                      configurations of its own.
 --sni            (optional string)   Server name of the TLS handshake.
 --source         (optional string)   Address the request comes from.
 --json                               Print what POST /explain/route answers.
 --admin          (optional string)   Address of the Admin API.
 -c,--conf        (optional string)   Configuration file, for the settings
                                      that go with <file>.
 -p,--prefix      (optional string)   Prefix the gateway is running at.
`,
  options: {
    header: { short: 'H', takes: 'lines' },
    consumer: { takes: 'text' },
    sni: { takes: 'text' },
    source: { takes: 'text' },
    json: {},
    admin: { takes: 'text' },
    conf: { short: 'c', takes: 'text' },
    prefix: { short: 'p', takes: 'text' },
  },

  async run(call) {
    const [wanted, file, ...surplus] = call.operands
    if (wanted === undefined) throw new CommandFault('the "<method> <url>" argument is required')
    if (surplus.length > 0)
      throw new CommandFault(`what is "${surplus[0]}"? Method and URL are one argument, in quotes`)
    const request = requestOf(call, wanted)
    const explanation =
      file === undefined ? await ofGateway(call, request) : await ofFile(call, file, request)
    if (call.options['json']) call.output.raw(`${JSON.stringify(explanation, undefined, 2)}\n`)
    else
      call.output.raw(
        explanationLines(explanation)
          .map((line) => `${line}\n`)
          .join(''),
      )
    return explanation.route === null ? 1 : 0
  },
}

/** The body of `POST /explain/route`, all its members present. */
function requestOf(call: Call, wanted: string) {
  const [, method = 'GET', url] = /^(?:(\S+)\s+)?(\S+)$/.exec(wanted.trim()) ?? []
  if (url === undefined)
    throw new CommandFault(`"${wanted}" is no request: write "GET http://host/path"`)
  return {
    method,
    url,
    headers: headersOf(textOption(call, 'header')?.split('\n') ?? []),
    sni: textOption(call, 'sni') ?? null,
    source_ip: textOption(call, 'source') ?? null,
    source_port: null,
    destination_ip: null,
    destination_port: null,
    consumer: textOption(call, 'consumer') ?? null,
  }
}

function headersOf(lines: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const headers: Record<string, string[]> = {}
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined) throw new CommandFault(`"${line}" is no header: write -H "Name: value"`)
    const values = (headers[name.toLowerCase()] ??= [])
    values.push(value!)
  }
  return headers
}

type Request = ReturnType<typeof requestOf>

async function ofGateway(call: Call, request: Request): Promise<RouteExplanation> {
  const admin = adminAccess(call)
  const response = await fetch(`${admin.url}/explain/route`, {
    method: 'POST',
    headers: { ...admin.headers, 'content-type': 'application/json' },
    body: JSON.stringify(request),
  }).catch((error: unknown) => {
    throw unreachable(admin, error)
  })
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok) return answer as RouteExplanation
  const message = isJsonObject(answer) ? answer['message'] : undefined
  throw new CommandFault(
    `the Admin API answered ${response.status}${typeof message === 'string' ? `: ${message}` : ''}`,
  )
}

async function ofFile(call: Call, name: string, request: Request): Promise<RouteExplanation> {
  const settings = cliSettings(call)
  const text = readText(path.resolve(call.workingDirectory, name), name)
  const { parseConfiguration } = await import('../gateway/parse-configuration.ts')
  const parsed = await parseConfiguration(settings, { text, fileName: name })
  if (!parsed.ok) {
    const { faultLines } = await import('../declarative/pretty-errors.ts')
    throw new CommandFault(`${name} is faulty:\n${faultLines(parsed, name)}`)
  }
  const { explainConfiguration } = await import('../gateway/explain-routes.ts')
  const explanation = (await explainConfiguration(settings, parsed.entities))(request)
  if ('fault' in explanation) throw new CommandFault(explanation.fault)
  return explanation
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandFault(`Cannot read ${name}: ${(error as Error).message}`)
  }
}
