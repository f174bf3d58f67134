import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Clock } from '../clock.ts'
import { askServer } from './ask-server.ts'
import type { AskServer, DnsServer } from './ask-server.ts'
import type { QueryType } from './dns-message.ts'
import type { DnsSettings } from './dns-settings.ts'
import { parseHostsFile } from './hosts-file.ts'
import { NameCache } from './name-cache.ts'
import type { Names } from './name-cache.ts'
import { createNameResolver } from './name-resolver.ts'
import { createRecordQuery } from './record-query.ts'
import { parseResolvConf } from './resolv-conf.ts'

export interface NamesOptions {
  readonly settings: DnsSettings
  readonly clock: Clock
  readonly ask?: AskServer
  /** @returns nothing when there is no such file */
  readonly readText?: (path: string) => string | undefined
}

const DNS_PORT = 53

/** Resolver and cache over the hosts file and the servers of the settings, both read now. */
export function createNames(options: NamesOptions): Names {
  const { settings, clock, ask = askServer, readText = readTextFile } = options
  const hosts = parseHostsFile(readText(settings.hostsFilePath) ?? '')
  const conf = parseResolvConf(readText(settings.resolvConfPath) ?? '')
  const servers = (settings.servers.length > 0 ? settings.servers : conf.servers).map(parseServer)
  const types = settings.order.filter((entry) => entry !== 'LAST' && entry !== 'CNAME')
  const addressTypes = types.filter((type) => type !== 'SRV')

  const cacheOf = (wanted: readonly QueryType[]): NameCache =>
    new NameCache({
      settings,
      hosts,
      clock,
      types: wanted.length > 0 ? wanted : ['A'],
      resolver: () => resolver,
    })
  const names = cacheOf(types)
  const addresses = cacheOf(addressTypes)
  const resolver = createNameResolver({
    search: conf.search,
    ndots: conf.ndots,
    query: createRecordQuery({ ...conf, servers, ask }),
    async resolveAddresses(name) {
      if (isIP(name) !== 0) return { kind: 'not-found', detail: `"${name}" is not a name` }
      // A name from a record is complete as it is.
      const known = await addresses.lookupFresh(`${name}.`)
      return known.answer
    },
  })
  return names
}

/** `1.2.3.4`, `1.2.3.4:53`, `::1` or `[::1]:53`. */
function parseServer(text: string): DnsServer {
  if (isIP(text) !== 0) return { ip: text, port: DNS_PORT }
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  const ip = bracketed ?? plain ?? ''
  if (isIP(ip) === 0) throw new TypeError(`Cannot use DNS server "${text}": not "ip" or "ip:port"`)
  return { ip, port: port === undefined ? DNS_PORT : Number(port) }
}

function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
