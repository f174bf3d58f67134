import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

const PROGRAM = '/usr/sbin/dnsmasq'

export function hasDnsmasq(): boolean {
  return existsSync(PROGRAM)
}

/** What the server says; names that stand nowhere do not exist. */
export interface DnsmasqRecords {
  /** Seconds. */
  readonly ttl: number
  readonly addresses?: Readonly<Record<string, readonly string[]>>
  /** `[service, target, port, priority, weight]`. */
  readonly services?: readonly (readonly [string, string, number, number, number])[]
  /** `[alias, target]`. */
  readonly aliases?: readonly (readonly [string, string])[]
}

/** A dnsmasq that knows the domain `test`, on a port that stays its own over restarts. */
export interface Dnsmasq extends AsyncDisposable {
  readonly port: number
  /** Every query since the first start: `A x.test`. */
  readonly queries: readonly string[]
  stop(): Promise<void>
  /** Starts it, or starts it anew, with other records. */
  start(records: DnsmasqRecords): Promise<void>
}

export async function startDnsmasq(records: DnsmasqRecords): Promise<Dnsmasq> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-dnsmasq-'))
  const port = await freePort()
  const queries: string[] = []
  let child: ChildProcess | undefined

  const stop = async (): Promise<void> => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null) return
    ending.kill('SIGKILL')
    await once(ending, 'exit')
  }
  const start = async (next: DnsmasqRecords): Promise<void> => {
    await stop()
    child = await launch(folder, port, { records: next, queries })
  }
  await start(records)
  return {
    port,
    queries,
    stop,
    start,
    async [Symbol.asyncDispose]() {
      await stop()
      rmSync(folder, { recursive: true })
    },
  }
}

async function launch(
  folder: string,
  port: number,
  { records, queries }: { readonly records: DnsmasqRecords; readonly queries: string[] },
): Promise<ChildProcess> {
  const { ttl, addresses = {}, services = [], aliases = [] } = records
  const hosts = path.join(folder, 'hosts')
  writeFileSync(
    hosts,
    Object.entries(addresses)
      .flatMap(([name, ips]) => ips.map((ip) => `${ip} ${name}\n`))
      .join(''),
  )
  const conf = path.join(folder, 'dnsmasq.conf')
  const lines = [
    `port=${port}`,
    'listen-address=127.0.0.1',
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
    'local=/test/',
    `local-ttl=${ttl}`,
    `addn-hosts=${hosts}`,
    'log-queries',
    'log-facility=-',
    `user=${os.userInfo().username}`,
    ...services.map((service) => `srv-host=${service.join(',')}`),
    ...aliases.map((alias) => `cname=${alias.join(',')}`),
  ]
  writeFileSync(conf, lines.join('\n'))
  const child = spawn(PROGRAM, ['--keep-in-foreground', `--conf-file=${conf}`, '--pid-file'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line)
      // The last word of a start: from here on it answers.
      if (line.includes('read ') && line.includes(hosts)) resolve()
      const [, type, name] = /query\[(\w+)\] (\S+) from/.exec(line) ?? []
      if (type !== undefined) queries.push(`${type} ${name}`)
    })
    child.once('exit', () => reject(new Error(`dnsmasq ended: ${said.join('\n')}`)))
  })
  return child
}

/** Finds a port that is free for UDP and TCP alike. */
async function freePort(): Promise<number> {
  for (;;) {
    const tcp = createServer().listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port } = tcp.address() as AddressInfo
    const udp = createSocket('udp4')
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false))
      udp.bind(port, '127.0.0.1', () => resolve(true))
    })
    udp.close()
    tcp.close()
    await once(tcp, 'close')
    if (isFree) return port
  }
}
