import { parseDuration } from './size.ts'

/** One address to listen on, with its flags. */
export interface Listener {
  /** Without brackets; `unix:<path>` for a unix socket. */
  readonly ip: string
  /** 0 for a unix socket. */
  readonly port: number
  /** Of a unix socket. */
  readonly path: string | undefined
  readonly ssl: boolean
  /** Datagrams instead of connections; of `stream_listen` alone. */
  readonly udp: boolean
  readonly http2: boolean
  readonly proxyProtocol: boolean
  readonly reusePort: boolean
  /** 0: the system's. */
  readonly backlog: number
  readonly ipv6Only: boolean
  /** Absent: as the system has it. */
  readonly keepAlive: KeepAliveFlag | undefined
  /** As `GET /` shows it, under Kong's names. */
  readonly shown: Readonly<Record<string, string | number | boolean>>
}

/** `so_keepalive`: when the system asks a silent peer whether it is there. Absent: as the system has it. */
export interface KeepAliveFlag {
  readonly isOn: boolean
  readonly idleSeconds: number | undefined
  readonly intervalSeconds: number | undefined
  readonly probes: number | undefined
}

type Flags = readonly (readonly [shown: string, pattern: RegExp])[]

const SOCKET_FLAGS: Flags = [
  ['bind', /^bind$/],
  ['reuseport', /^reuseport$/],
  ['backlog=%d+', /^backlog=\d+$/],
  ['ipv6only=on', /^ipv6only=on$/],
  ['ipv6only=off', /^ipv6only=off$/],
  ['so_keepalive=on', /^so_keepalive=on$/],
  ['so_keepalive=off', /^so_keepalive=off$/],
  ['so_keepalive=%w*:%w*:%d*', /^so_keepalive=\w*:\w*:\d*$/],
]

/** What a system can name; Linux has 108 bytes with the one that ends it. */
const UNIX_ADDRESS = /^unix:(\/[^\s\0:]{1,106})$/
const ADDRESS = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+|\*)):(\d{1,5})$/

/** Flags in the order in which they are shown; those with a pattern stand for what matches it. */
const HTTP_FLAGS: Flags = [
  ['ssl', /^ssl$/],
  ['http2', /^http2$/],
  ['proxy_protocol', /^proxy_protocol$/],
  ['deferred', /^deferred$/],
  ...SOCKET_FLAGS,
]

const STREAM_FLAGS: Flags = [
  ['udp', /^udp$/],
  ['ssl', /^ssl$/],
  ['proxy_protocol', /^proxy_protocol$/],
  ...SOCKET_FLAGS,
]

/** What has no meaning without connections. @see nginx, directive `listen` of the stream module */
const NOT_FOR_DATAGRAMS = /^(ssl|proxy_protocol|backlog=.*|so_keepalive=.*|unix:.*)$/

/**
 * Reads the entries of a `*_listen` property. An `off` in front leaves nothing to listen on.
 *
 * @returns the listeners, or why an entry cannot be read
 */
export function parseListeners(
  name: string,
  entries: readonly string[],
): readonly Listener[] | { readonly fault: string } {
  if (entries[0] === 'off') return []
  const known = name === 'stream_listen' ? STREAM_FLAGS : HTTP_FLAGS
  const listeners: Listener[] = []
  for (const entry of entries) {
    const listener =
      isForClients(name) && entry.startsWith('unix:')
        ? parseUnixEntry(entry, known)
        : parseEntry(entry, known)
    if (listener === undefined) return { fault: faultOf(name, entry, known) }
    const useless = listener.udp ? uselessForDatagrams(entry) : undefined
    if (useless !== undefined)
      return { fault: `${name}: "${useless}" parameter is incompatible with "udp", got '${entry}'` }
    listeners.push(listener)
  }
  return oneProtocolAnAddress(listeners)
}

function parseEntry(entry: string, known: Flags): Listener | undefined {
  const [address = '', ...words] = entry.trim().split(/\s+/)
  const match = ADDRESS.exec(address)
  const flags = parseFlags(words, known)
  const port = Number(match?.[3])
  if (match === null || flags === undefined || port > 65535) return undefined

  const ip = match[1] ?? match[2]!
  const host = match[1] === undefined ? ip : `[${ip}]`
  const place = { ip: ip === '*' ? '0.0.0.0' : ip, port, path: undefined }
  return listenerOf(place, flags, { ip: host, port, listener: `${host}:${port}` })
}

function isForClients(name: string): boolean {
  return name === 'proxy_listen' || name === 'stream_listen'
}

/** Kong has no unix sockets for clients; nginx does, and its form is taken. */
function parseUnixEntry(entry: string, known: Flags): Listener | undefined {
  const [address = '', ...words] = entry.trim().split(/\s+/)
  const path = UNIX_ADDRESS.exec(address)?.[1]
  const flags = parseFlags(words, known)
  if (path === undefined || flags === undefined) return undefined
  return listenerOf({ ip: address, port: 0, path }, flags, {
    ip: address,
    port: 0,
    listener: address,
  })
}

function listenerOf(
  place: Pick<Listener, 'ip' | 'port' | 'path'>,
  { shown, kept }: ParsedFlags,
  address: { readonly ip: string; readonly port: number; readonly listener: string },
): Listener | undefined {
  const isSet = (flag: string) => shown[flag] === true
  const valueOf = (start: string) =>
    kept.find((word) => word.startsWith(start))?.slice(start.length)
  const keepAlive = parseKeepAlive(valueOf('so_keepalive='))
  if (keepAlive === 'malformed') return undefined
  return {
    ...place,
    ssl: isSet('ssl'),
    udp: isSet('udp'),
    http2: isSet('http2'),
    proxyProtocol: isSet('proxy_protocol'),
    reusePort: isSet('reuseport'),
    backlog: Number(valueOf('backlog=') ?? 0),
    ipv6Only: !isSet('ipv6only=off'),
    keepAlive,
    shown: { ...shown, ...address, listener: [address.listener, ...kept].join(' ') },
  }
}

/** @see nginx, directive `listen`: of the three at least one is given */
function parseKeepAlive(text: string | undefined): KeepAliveFlag | 'malformed' | undefined {
  if (text === undefined) return undefined
  const rest = { idleSeconds: undefined, intervalSeconds: undefined, probes: undefined }
  if (text === 'on' || text === 'off') return { isOn: text === 'on', ...rest }
  const [idle = '', interval = '', probes = ''] = text.split(':')
  const flag = {
    isOn: true,
    idleSeconds: secondsOf(idle),
    intervalSeconds: secondsOf(interval),
    probes: probes === '' ? undefined : Number(probes),
  }
  const given = [flag.idleSeconds, flag.intervalSeconds, flag.probes].filter(
    (value) => value !== undefined,
  )
  return given.length > 0 && given.every((value) => value >= 1) ? flag : 'malformed'
}

/** @returns NaN for what is no time */
function secondsOf(text: string): number | undefined {
  if (text === '') return undefined
  return Math.floor((parseDuration(text) ?? Number.NaN) / 1000)
}

interface ParsedFlags {
  readonly shown: Readonly<Record<string, boolean>>
  readonly kept: readonly string[]
}

/** @returns nothing when a word is no flag */
function parseFlags(words: readonly string[], known: Flags): ParsedFlags | undefined {
  const shown: Record<string, boolean> = {}
  const kept: string[] = []
  const unknown = new Set(words)
  for (const [flag, pattern] of known) {
    const word = words.find((candidate) => pattern.test(candidate))
    shown[word ?? flag] = word !== undefined
    if (word === undefined) continue
    unknown.delete(word)
    if (word !== 'http2') kept.push(word)
  }
  return unknown.size > 0 ? undefined : { shown, kept }
}

/** Whether others than this machine can reach it. */
export function isBeyondMachine({ ip }: Pick<Listener, 'ip'>): boolean {
  return !(ip === 'localhost' || ip === '::1' || ip.startsWith('127.') || ip.startsWith('unix:'))
}

/** HTTP/2 on one entry of a server is HTTP/2 on all of it. @see nginx 1.25.1, directive `http2` */
function oneProtocolAnAddress(listeners: readonly Listener[]): readonly Listener[] {
  if (!listeners.some(({ http2 }) => http2)) return listeners
  return listeners.map((listener) => ({ ...listener, http2: true }))
}

function uselessForDatagrams(entry: string): string | undefined {
  return entry.split(/\s+/).find((word) => NOT_FOR_DATAGRAMS.test(word))
}

function faultOf(name: string, entry: string, known: Flags): string {
  const flags = known.map(([flag]) => `[${flag.replace('%d+', 'N').replace(/%w.*/, 'i:i:c')}]`)
  const form = `[off] | <ip>:<port> ${flags.join(' ')}, [... next entry ...]`
  return `${name} must be of form: ${form}, got '${entry}'`
}
