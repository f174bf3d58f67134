import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { freePort, startPinned } from '../pinned-process.ts'
import type { Guard } from '../scenarios.ts'
import type { Contender, ContenderSetup } from './contender.ts'

const FORWARDING = `  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Real-IP %[src]
  http-request set-header Via "1.1 haproxy"
  http-response set-header Via "1.1 haproxy"`

/** HAProxy with one thread: plain, and with its own `jwt_verify` for each algorithm. */
export async function startHaproxy(setup: ContenderSetup): Promise<Contender> {
  const home = path.join(setup.folder, 'haproxy')
  mkdirSync(home, { recursive: true })
  const rsaPublic = path.join(home, 'rsa.pub.pem')
  writeFileSync(rsaPublic, setup.secrets.rsaPublicPem)
  const ports: Partial<Record<Guard, number>> = {
    plain: await freePort(),
    'jwt-hs256': await freePort(),
    'jwt-rs256': await freePort(),
  }
  const config = path.join(home, 'haproxy.cfg')
  writeFileSync(
    config,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend plain
  bind 127.0.0.1:${ports.plain} backlog 4096
${FORWARDING}
  default_backend upstream
${jwtFrontend('hs256', ports['jwt-hs256']!, setup.secrets.hmacSecret)}
${jwtFrontend('rs256', ports['jwt-rs256']!, rsaPublic)}
backend upstream
  server one 127.0.0.1:${setup.upstreamPort} pool-max-conn 1024
`,
  )
  const process = await startPinned({
    core: setup.core,
    port: ports.plain!,
    command: ['haproxy', '-db', '-f', config],
  })
  return {
    name: 'haproxy',
    version: haproxyVersion(),
    pid: process.pid,
    url: (guard, door) =>
      ports[guard] === undefined || door !== 'http'
        ? undefined
        : `http://127.0.0.1:${ports[guard]}`,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

/** Checks the signature and `exp`, as the jwt plugin with `claims_to_verify: [exp]` does. */
function jwtFrontend(name: string, port: number, key: string): string {
  return `frontend ${name}
  bind 127.0.0.1:${port} backlog 4096
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.alg) -m str ${name.toUpperCase()} }
  http-request deny deny_status 401 unless { var(txn.token),jwt_verify(txn.alg,"${key}") 1 }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int lt 0 }
${FORWARDING}
  default_backend upstream`
}

function haproxyVersion(): string {
  const text = execFileSync('haproxy', ['-v'], { encoding: 'utf8' })
  return /version ([\d.]+)/.exec(text)?.[1] ?? text.trim()
}
