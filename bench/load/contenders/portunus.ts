import { readFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, startPinned } from '../pinned-process.ts'
import { GUARDS } from '../scenarios.ts'
import type { BenchSecrets } from '../secrets.ts'
import type { Contender, ContenderSetup } from './contender.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
export const PROGRAM = path.join(ROOT, 'bin/portunus')

/** Portunus with one worker, a route for each guard, access logs off. */
export async function startPortunus(setup: ContenderSetup): Promise<Contender> {
  const home = path.join(setup.folder, 'portunus')
  mkdirSync(home, { recursive: true })
  const config = path.join(home, 'kong.yml')
  writeFileSync(config, declarativeConfig(setup.upstreamPort, setup.secrets))
  const port = await freePort()
  const adminPort = await freePort()
  const gateway = await startPinned({
    core: setup.core,
    port,
    command: [process.execPath, PROGRAM, 'start'],
    env: portunusEnvironment({ prefix: path.join(home, 'prefix'), config, port, adminPort }),
  })
  return {
    name: 'portunus',
    version: portunusVersion(),
    pid: gateway.pid,
    url: (guard) => `http://127.0.0.1:${port}/${guard}`,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}

interface PortunusRun {
  readonly prefix: string
  readonly config: string
  readonly port: number
  readonly adminPort: number
}

export function portunusEnvironment(run: PortunusRun): Record<string, string> {
  return {
    KONG_DATABASE: 'off',
    KONG_DECLARATIVE_CONFIG: run.config,
    KONG_PREFIX: run.prefix,
    KONG_PROXY_LISTEN: `127.0.0.1:${run.port} backlog=4096`,
    KONG_ADMIN_LISTEN: `127.0.0.1:${run.adminPort}`,
    KONG_ADMIN_GUI_LISTEN: 'off',
    KONG_STATUS_LISTEN: 'off',
    KONG_PROXY_ACCESS_LOG: 'off',
    KONG_ADMIN_ACCESS_LOG: 'off',
    KONG_NGINX_WORKER_PROCESSES: '1',
    KONG_NGINX_DAEMON: 'off',
    KONG_UPSTREAM_KEEPALIVE_POOL_SIZE: '1024',
    KONG_UPSTREAM_KEEPALIVE_MAX_REQUESTS: '1000000000',
    KONG_NGINX_HTTP_KEEPALIVE_REQUESTS: '1000000000',
  }
}

export function portunusVersion(): string {
  const manifest = readFileSync(path.join(ROOT, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

function declarativeConfig(upstreamPort: number, secrets: BenchSecrets): string {
  const plugins: Record<string, object> = {
    plain: [],
    'key-auth': [{ name: 'key-auth' }],
    'jwt-hs256': [jwtPlugin()],
    'jwt-rs256': [jwtPlugin()],
  }
  // JSON is YAML.
  return JSON.stringify({
    _format_version: '3.0',
    services: [
      {
        name: 'upstream',
        url: `http://127.0.0.1:${upstreamPort}`,
        routes: GUARDS.map((guard) => ({
          name: guard,
          paths: [`/${guard}`],
          plugins: plugins[guard],
        })),
      },
    ],
    consumers: [
      {
        username: 'bench',
        keyauth_credentials: [{ key: secrets.apiKey }],
        jwt_secrets: [
          { key: 'bench-hs256', secret: secrets.hmacSecret },
          { key: 'bench-rs256', algorithm: 'RS256', rsa_public_key: secrets.rsaPublicPem },
        ],
      },
    ],
  })
}

function jwtPlugin(): object {
  return { name: 'jwt', config: { key_claim_name: 'kid', claims_to_verify: ['exp'] } }
}
