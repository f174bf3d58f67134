import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, startPinned } from '../pinned-process.ts'
import { GUARDS } from '../scenarios.ts'
import type { BenchSecrets } from '../secrets.ts'
import type { Contender, ContenderSetup } from './contender.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** How one of our own contenders differs from the plain one. */
interface Variant {
  readonly name: string
  readonly env?: Readonly<Record<string, string>>
  /** Routes, and consumers, beside those that are used. */
  readonly others?: number
  readonly cores?: string
  /** The upstream is spoken to over HTTP/2. */
  readonly http2?: boolean
}

/** Portunus with one worker, a route for each guard, access logs off. */
export function startPortunus(setup: ContenderSetup): Promise<Contender> {
  return startVariant(setup, { name: 'portunus' })
}

/** On documented interfaces of Node alone. */
export function startPublicPortunus(setup: ContenderSetup): Promise<Contender> {
  return startVariant(setup, { name: 'portunus-public', env: { PORTUNUS_TRANSPORT: 'public' } })
}

export function startLoggingPortunus(setup: ContenderSetup): Promise<Contender> {
  return startVariant(setup, {
    name: 'portunus-logging',
    env: { KONG_PROXY_ACCESS_LOG: 'logs/access.log' },
  })
}

/** Nothing is kept of why requests were refused. */
export function startUnrecordedPortunus(setup: ContenderSetup): Promise<Contender> {
  return startVariant(setup, {
    name: 'portunus-unrecorded',
    env: { KONG_DECISION_RECORDS: '0' },
  })
}

/** Requests share a connection to the upstream. */
export function startHttp2Portunus(setup: ContenderSetup): Promise<Contender> {
  return startVariant(setup, {
    name: 'portunus-http2',
    env: { KONG_UPSTREAM_HTTP2: '*' },
    http2: true,
  })
}

export function startLargePortunus(setup: ContenderSetup): Promise<Contender> {
  return startVariant(setup, { name: 'portunus-large', others: 10_000 })
}

export function startTwoWorkers(setup: ContenderSetup): Promise<Contender> {
  return startVariant(setup, {
    name: 'portunus-two',
    env: { KONG_NGINX_WORKER_PROCESSES: '2' },
    cores: '0,1',
  })
}

async function startVariant(setup: ContenderSetup, variant: Variant): Promise<Contender> {
  const home = path.join(setup.folder, variant.name)
  mkdirSync(home, { recursive: true })
  const config = path.join(home, 'kong.yml')
  const upstreamPort = variant.http2 === true ? setup.upstreamHttp2Port : setup.upstreamPort
  writeFileSync(config, declarativeConfig(upstreamPort, setup.secrets, variant.others ?? 0))
  const port = await freePort()
  const tlsPort = await freePort()
  const adminPort = await freePort()
  const environment = portunusEnvironment({
    prefix: path.join(home, 'prefix'),
    config,
    port,
    adminPort,
  })
  const gateway = await startPinned({
    core: variant.cores ?? setup.core,
    port: tlsPort,
    command: [process.execPath, builtProgram(), 'start'],
    env: {
      ...environment,
      KONG_PROXY_LISTEN: `${environment['KONG_PROXY_LISTEN']}, 127.0.0.1:${tlsPort} ssl http2 backlog=4096`,
      KONG_SSL_CERT: setup.secrets.tls.certificate,
      KONG_SSL_CERT_KEY: setup.secrets.tls.key,
      ...variant.env,
    },
  })
  return {
    name: variant.name,
    version: portunusVersion(),
    pid: gateway.pid,
    control: { adminUrl: `http://127.0.0.1:${adminPort}`, config },
    url: (guard, door) =>
      door === 'http'
        ? `http://127.0.0.1:${port}/${guard}`
        : `https://127.0.0.1:${tlsPort}/${guard}`,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}

/** What a package brings: compiled, and without the sources that a checkout would run instead. */
export function builtProgram(): string {
  const home = path.join(ROOT, 'bench/.work/package')
  const program = path.join(home, 'bin/portunus')
  if (isBuilt) return program
  rmSync(home, { recursive: true, force: true })
  mkdirSync(path.join(home, 'bin'), { recursive: true })
  execFileSync(process.execPath, [path.join(ROOT, 'scripts/build.ts')], {
    cwd: ROOT,
    stdio: 'ignore',
  })
  cpSync(path.join(ROOT, 'dist'), path.join(home, 'dist'), { recursive: true })
  for (const file of ['bin/portunus', 'package.json', 'CHANGELOG.md'])
    cpSync(path.join(ROOT, file), path.join(home, file))
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(home, 'node_modules'))
  isBuilt = true
  return program
}

let isBuilt = false

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

function declarativeConfig(upstreamPort: number, secrets: BenchSecrets, others: number): string {
  const numbers = Array.from({ length: others }, (_, index) => index)
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
        routes: [
          ...GUARDS.map((guard) => ({
            name: guard,
            paths: [`/${guard}`],
            plugins: plugins[guard],
          })),
          ...numbers.map((index) => ({ name: `other-${index}`, paths: [`/other/${index}`] })),
        ],
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
      ...numbers.map((index) => ({
        username: `other-${index}`,
        keyauth_credentials: [{ key: `other-key-${index}` }],
      })),
    ],
  })
}

function jwtPlugin(): object {
  return { name: 'jwt', config: { key_claim_name: 'kid', claims_to_verify: ['exp'] } }
}
