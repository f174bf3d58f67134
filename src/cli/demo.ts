import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { portHolder } from '../gateway/port-holder.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, type Command } from './command.ts'
import { DEV_DEFAULTS } from './dev.ts'
import { runForPeople } from './run-for-people.ts'

const MARK = '# Made by "portunus demo": yours to change, it is reloaded whenever you save it.'

export const demo: Command = {
  usage: `Usage: portunus demo [OPTIONS]

Show a gateway at work: a small service, protected by tokens, and the
configuration that does it, ./kong.yml, to play with.

Options:
 -p,--prefix      (optional string)   Override prefix directory.
`,
  options: { prefix: { short: 'p', takes: 'text' } },

  async run(call) {
    const file = path.resolve(call.workingDirectory, 'kong.yml')
    const hello = await startHello(file)
    await runForPeople(
      call,
      () => cliSettings(call, { defaults: DEV_DEFAULTS, overrides: { declarative_config: file } }),
      ({ ports }) => tryIt(ports.proxy[0] ?? 8000),
    )
    hello.close()
  },
}

function tryIt(port: number): readonly string[] {
  const address = `localhost:${port}/api`
  const token = 'portunus token login_server_issuer'
  return [
    '',
    `  1  see it refuse     curl -i ${address}`,
    `  2  get a token       ${token}`,
    `  3  see it pass       curl -i ${address} -H "Authorization: Bearer $(${token})"`,
  ]
}

/** Starts the service to protect, and makes the configuration unless it is there. */
async function startHello(file: string): Promise<http.Server> {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (text !== undefined && !text.startsWith(MARK))
    throw new CommandFault(
      `${file} is your own: "portunus dev" serves it, or go to an empty folder`,
    )
  const port = Number(/url: http:\/\/127\.0\.0\.1:(\d+)/.exec(text ?? '')?.[1] ?? 0)
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.end('Hello. Only requests with a valid token get here.\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', () =>
      reject(
        new CommandFault(
          `port ${port} of the demo's own service is taken by ${portHolder(port) ?? 'another process'}; remove ${file} to have another one chosen`,
        ),
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  if (text === undefined)
    writeFileSync(file, demoConfig((server.address() as AddressInfo).port), { mode: 0o600 })
  return server
}

function demoConfig(port: number): string {
  return `${MARK}
_format_version: "3.0"
services:
- name: hello
  url: http://127.0.0.1:${port}
  routes:
  - name: api
    paths:
    - /api
  plugins:
  - name: jwt
    config:
      key_claim_name: kid
      claims_to_verify:
      - exp
consumers:
- username: login_server_issuer
  jwt_secrets:
  - key: login_server
    algorithm: HS256
    secret: ${randomBytes(32).toString('base64url')}
`
}
