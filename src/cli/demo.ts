import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { portHolder } from '../gateway/port-holder.ts'
import { cliSettings } from './cli-settings.ts'
import type { ServedIssuer } from '../dev-issuer/serve-issuer.ts'
import { CommandFault, type Command } from './command.ts'
import { startDevIssuer, tokenCommand } from './dev-issuer.ts'
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
    const parts = await startParts(file)
    try {
      await runForPeople(
        call,
        () =>
          cliSettings(call, { defaults: DEV_DEFAULTS, overrides: { declarative_config: file } }),
        ({ ports }) => tryIt(ports.proxy[0] ?? 8000, parts.issuer),
      )
    } finally {
      parts.hello.close()
      parts.issuer?.close()
    }
  },
}

function tryIt(port: number, issuer: ServedIssuer | undefined): readonly string[] {
  const address = `localhost:${port}/api`
  const token = 'portunus token login_server_issuer'
  return [
    '',
    `  1  see it refuse     curl -i ${address}`,
    `  2  get a token       ${token}`,
    `  3  see it pass       curl -i ${address} -H "Authorization: Bearer $(${token})"`,
    ...(issuer === undefined ? [] : tryIssuer(port, issuer.url)),
  ]
}

function tryIssuer(port: number, issuer: string): readonly string[] {
  const token = tokenCommand(issuer, { audience: 'api', scopes: [] })
  return [
    '',
    `  And with an identity provider, which runs at ${issuer} (log in as anybody):`,
    `  4  see it pass       curl -i localhost:${port}/sso -H "Authorization: Bearer $(${token})"`,
  ]
}

interface DemoParts {
  readonly hello: http.Server
  /** Absent where the configuration knows none. */
  readonly issuer: ServedIssuer | undefined
}

/** Starts the service to protect and an issuer, and makes the configuration unless it is there. */
async function startParts(file: string): Promise<DemoParts> {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  if (text !== undefined && !text.startsWith(MARK))
    throw new CommandFault(
      `${file} is your own: "portunus dev" serves it, or go to an empty folder`,
    )
  const remedy = `remove ${file} to have another one chosen`
  const hello = await startHello(portIn(text, /url: http:\/\/127\.0\.0\.1:(\d+)/) ?? 0, remedy)
  const issuerPort = text === undefined ? 0 : portIn(text, /issuer: http:\/\/localhost:(\d+)/)
  const issuer = await startIssuer(issuerPort, remedy).catch((error: unknown) => {
    hello.close()
    throw error
  })
  if (text === undefined) {
    const { port } = hello.address() as AddressInfo
    writeFileSync(file, demoConfig(port, issuer!.url), { mode: 0o600 })
  }
  return { hello, issuer }
}

/** @param port none where the configuration knows no issuer */
async function startIssuer(
  port: number | undefined,
  remedy: string,
): Promise<ServedIssuer | undefined> {
  return port === undefined ? undefined : startDevIssuer(port, remedy)
}

function portIn(text: string | undefined, pattern: RegExp): number | undefined {
  const port = pattern.exec(text ?? '')?.[1]
  return port === undefined ? undefined : Number(port)
}

/** @param port 0: one that is free */
async function startHello(port: number, remedy: string): Promise<http.Server> {
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.end('Hello. Only requests with a valid token get here.\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', () =>
      reject(
        new CommandFault(
          `port ${port} of the demo's own service is taken by ${portHolder(port) ?? 'another process'}; ${remedy}`,
        ),
      ),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  return server
}

function demoConfig(port: number, issuer: string): string {
  return `${MARK}
_format_version: "3.0"
services:
- name: hello
  url: http://127.0.0.1:${port}
  routes:
  - name: api
    paths:
    - /api
  - name: sso
    paths:
    - /sso
    plugins:
    - name: jwt   # lint-ok: jwt-keys-without-tls
      config:
        issuers:
        - issuer: ${issuer}
          audiences:
          - api
          forward_claims:
            sub: X-User
          # The demo's issuer is on this machine; a real one needs neither line.
          allow_http: true
          allow_private_addresses: true
        claims_to_verify:
        - exp
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
