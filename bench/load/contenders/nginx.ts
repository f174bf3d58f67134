import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { freePort, startPinned } from '../pinned-process.ts'
import type { Contender, ContenderSetup } from './contender.ts'

/** nginx as a reverse proxy with keep-alive on both sides, forwarding the usual headers, without a log. */
export function startNginx(setup: ContenderSetup): Promise<Contender> {
  return startProxy(setup, 'nginx', 'off')
}

/** The same with an access log in its own default format and way of writing. */
export function startLoggingNginx(setup: ContenderSetup): Promise<Contender> {
  return startProxy(setup, 'nginx-logging', path.join(setup.folder, 'nginx-logging', 'access.log'))
}

async function startProxy(
  setup: ContenderSetup,
  name: string,
  accessLog: string,
): Promise<Contender> {
  const port = await freePort()
  const tlsPort = await freePort()
  const { certificate, key } = setup.secrets.tls
  const process = await startNginxWith(
    path.join(setup.folder, name),
    setup.core,
    port,
    `
  upstream backend {
    server 127.0.0.1:${setup.upstreamPort};
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen 127.0.0.1:${tlsPort} ssl http2 backlog=4096;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.2 TLSv1.3;
    access_log ${accessLog};
    client_max_body_size 0;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header Via "1.1 nginx";
      add_header Via "1.1 nginx";
    }
  }`,
  )
  return {
    name,
    version: nginxVersion(),
    pid: process.pid,
    // It checks nothing: with the same request beside the others it is the ceiling.
    url: (_, door) =>
      door === 'http' ? `http://127.0.0.1:${port}` : `https://127.0.0.1:${tlsPort}`,
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

/** The upstream that every contender stands before: 12 bytes for any path, 1 MiB for `…/bulk`, 100 MiB for `…/huge`. */
export async function startUpstream(
  folder: string,
  core: number,
): Promise<{ readonly port: number; readonly http2Port: number } & AsyncDisposable> {
  const port = await freePort()
  const http2Port = await freePort()
  const home = path.join(folder, 'upstream')
  mkdirSync(home, { recursive: true })
  writeFileSync(path.join(home, 'bulk'), Buffer.alloc(1024 * 1024, 'z'))
  writeFileSync(path.join(home, 'huge'), Buffer.alloc(100 * 1024 * 1024, 'z'))
  const process = await startNginxWith(
    home,
    core,
    port,
    `
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen 127.0.0.1:${http2Port} http2 backlog=4096;
    client_max_body_size 0;
    default_type text/plain;
    location = /bulk { root ${home}; }
    location = /huge { root ${home}; }
    location / { return 200 'Hello world!'; }
  }`,
  )
  return { port, http2Port, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() }
}

function startNginxWith(
  home: string,
  core: number,
  port: number,
  http: string,
): ReturnType<typeof startPinned> {
  mkdirSync(home, { recursive: true })
  const config = path.join(home, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off;
worker_processes 1;
pid ${home}/nginx.pid;
error_log ${home}/error.log crit;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  client_body_temp_path ${home}/body;
  proxy_temp_path ${home}/proxy;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
${http}
}
`,
  )
  return startPinned({ core, port, command: ['nginx', '-c', config, '-p', home] })
}

function nginxVersion(): string {
  // It writes its version to the error stream.
  const text = execFileSync('sh', ['-c', 'nginx -v 2>&1'], { encoding: 'utf8' })
  return /nginx\/([\d.]+)/.exec(text)?.[1] ?? text.trim()
}
