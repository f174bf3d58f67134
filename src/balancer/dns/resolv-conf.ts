import { isIP } from 'node:net'

export interface ResolvConf {
  /** Addresses in the order they are asked. */
  readonly servers: readonly string[]
  readonly search: readonly string[]
  /** A name with at least this many dots is tried as it is before the search domains. */
  readonly ndots: number
  readonly timeoutMs: number
  /** Queries sent for one question, over all servers. */
  readonly attempts: number
  /** Whether questions start at another server each time. */
  readonly rotates: boolean
}

const DEFAULTS: ResolvConf = {
  servers: [],
  search: [],
  ndots: 1,
  timeoutMs: 2000,
  attempts: 5,
  rotates: false,
}

/** Reads resolv.conf; unknown lines and options count for nothing. @see resolv.conf(5) */
export function parseResolvConf(text: string): ResolvConf {
  const found = { ...DEFAULTS, servers: [] as string[] }
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver') found.servers.push(...values.slice(0, 1).filter(isAddress))
    if (keyword === 'domain' || keyword === 'search')
      found.search = values
        .map((domain) => domain.toLowerCase().replace(/\.$/, ''))
        .filter((domain) => domain !== '')
    if (keyword === 'options') for (const option of values) readOption(found, option)
  }
  return found
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0
}

function readOption(
  found: { -readonly [K in keyof ResolvConf]: ResolvConf[K] },
  option: string,
): void {
  const [name, text] = option.split(':')
  const value = Number.parseInt(text ?? '', 10)
  if (name === 'rotate') found.rotates = true
  if (!(value >= 0)) return
  if (name === 'ndots') found.ndots = Math.min(value, 15)
  if (name === 'timeout' && value > 0) found.timeoutMs = Math.min(value, 30) * 1000
  if (name === 'attempts' && value > 0) found.attempts = Math.min(value, 10)
}
