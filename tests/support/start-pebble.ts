import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import os from 'node:os'
import path from 'node:path'
import { selfSignedCertificate } from '../../src/gateway/self-signed-certificate.ts'
import { startDnsServer } from './dns-server.ts'
import { freePort } from './free-port.ts'

/** Where Let's Encrypt's test authority is, as Debian's package `pebble` installs it. */
const PEBBLE = process.env['TEST_PEBBLE'] ?? '/usr/bin/pebble'

export const hasPebble = existsSync(PEBBLE)

export interface TestAuthority extends AsyncDisposable {
  readonly directoryUrl: string
  /** File with the certificate by which it is trusted. */
  readonly trustFile: string
}

/**
 * Starts an authority that speaks ACME.
 *
 * @param hosts names that it finds at 127.0.0.1
 * @param challengePort where it asks for the answers to challenges there
 * @param environment `PEBBLE_…` variables; see https://github.com/letsencrypt/pebble
 */
export async function startPebble(
  hosts: readonly string[],
  challengePort: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<TestAuthority> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-pebble-'))
  const { certificate, key } = await selfSignedCertificate('rsa')
  const [trustFile, keyFile] = ['trust.pem', 'key.pem'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ]
  writeFileSync(trustFile, certificate)
  writeFileSync(keyFile, key)
  const [port, managementPort] = [await freePort(), await freePort()]
  const config = path.join(folder, 'pebble.json')
  writeFileSync(
    config,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${managementPort}`,
        certificate: trustFile,
        privateKey: keyFile,
        httpPort: challengePort,
        tlsPort: await freePort(),
      },
    }),
  )
  const names = await startDnsServer(
    Object.fromEntries(hosts.map((host) => [host, [{ type: 'A', ip: '127.0.0.1' }]])),
  )
  const pebble = run(PEBBLE, ['-config', config, '-dnsserver', `127.0.0.1:${names.port}`], {
    PEBBLE_VA_NOSLEEP: '1',
    PEBBLE_AUTHZREUSE: '0',
    ...environment,
  })
  const directoryUrl = `https://localhost:${port}/dir`
  await answers(port, certificate)
  return {
    directoryUrl,
    trustFile,
    async [Symbol.asyncDispose]() {
      await end(pebble)
      await names[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function run(
  file: string,
  options: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(file, options, { env: { ...process.env, ...environment }, stdio: 'ignore' })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await ended
}

/** Resolves when it answers. @throws when it does not for a long time */
async function answers(port: number, ca: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const isThere = await new Promise<boolean>((resolve) => {
      const asked = request({ host: 'localhost', port, path: '/dir', ca }, (response) => {
        response.resume()
        resolve(response.statusCode === 200)
      })
      asked.on('error', () => resolve(false))
      asked.end()
    })
    if (isThere) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('pebble does not answer')
}
