import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { toolEnvironment } from './steps.ts'

/** Builds and packs the package, installs the tarball elsewhere and starts it, as its users will. */
const env = toolEnvironment()
const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-package-'))
try {
  run(process.cwd(), 'node', 'scripts/build.ts')
  run(process.cwd(), 'publint', '--strict')
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      env,
      encoding: 'utf8',
    }),
  ) as [{ readonly filename: string; readonly size: number; readonly entryCount: number }]
  console.log(
    `${packed.filename}: ${packed.entryCount} files, ${Math.round(packed.size / 1024)} KiB`,
  )
  writeFileSync(path.join(folder, 'package.json'), '{"private":true}')
  run(folder, 'npm', 'install', '--no-fund', '--no-audit', '--omit=dev', `./${packed.filename}`)
  await startInstalled()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The installed command serves a configuration and ends when told to. */
async function startInstalled(): Promise<void> {
  const port = await freePort()
  const config = path.join(folder, 'kong.yml')
  writeFileSync(
    config,
    '_format_version: "3.0"\nservices:\n- name: away\n  url: http://127.0.0.1:9\n  routes:\n' +
      '  - name: guarded\n    paths: [/guarded]\n    plugins:\n    - name: key-auth\n',
  )
  const gateway = spawn(path.join(folder, 'node_modules/.bin/portunus'), ['start'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...env,
      KONG_DATABASE: 'off',
      KONG_DECLARATIVE_CONFIG: config,
      KONG_PREFIX: path.join(folder, 'prefix'),
      KONG_PROXY_LISTEN: `127.0.0.1:${port}`,
      KONG_ADMIN_LISTEN: 'off',
      KONG_ADMIN_GUI_LISTEN: 'off',
      KONG_STATUS_LISTEN: 'off',
      KONG_NGINX_DAEMON: 'off',
    },
  })
  const ended = new Promise<number | null>((resolve) => gateway.once('exit', resolve))
  try {
    await expectStatus(port, '/guarded', 401)
    await expectStatus(port, '/elsewhere', 404)
  } finally {
    gateway.kill('SIGTERM')
  }
  const status = await ended
  if (status !== 0) throw new Error(`Cannot end the installed gateway: it exited with ${status}`)
  console.log('package: installed, started, answered and ended')
}

async function expectStatus(port: number, where: string, wanted: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await fetch(`http://127.0.0.1:${port}${where}`).catch(() => undefined)
    if (answer?.status === wanted) return
    if (answer !== undefined)
      throw new Error(`Cannot accept the package: ${where} gave ${answer.status}, not ${wanted}`)
    await delay(100)
  }
  throw new Error(`Cannot accept the package: nothing answered on port ${port}`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

function run(cwd: string, program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { cwd, env, stdio: 'inherit' })
}
