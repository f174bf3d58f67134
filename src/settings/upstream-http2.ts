const ENTRY = /^(\*|(?:\*\.)?[\w-][\w.-]*|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i

interface Http2Upstreams {
  /** Entries that cannot be read. */
  readonly unreadable: readonly string[]
  /** Whether an entry names the place that a service has. */
  readonly has: (host: string, port: number) => boolean
}

/**
 * Reads `upstream_http2`.
 *
 * @param entries `name`, `*.name` or `*`, each with or without `:port`; names as services have them
 */
export function http2Upstreams(entries: readonly string[]): Http2Upstreams {
  const places = entries.map((entry) => placeIn(entry))
  return {
    unreadable: entries.filter((_, index) => places[index] === undefined),
    has: (host, port) => places.some((place) => place?.(host.toLowerCase(), port) === true),
  }
}

function placeIn(entry: string): Http2Upstreams['has'] | undefined {
  const [, pattern, portText] = ENTRY.exec(entry) ?? []
  if (pattern === undefined) return undefined
  const name = pattern.toLowerCase()
  const port = portText === undefined ? undefined : Number(portText)
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined
  return (host, hostPort) => isNamed(name, host) && (port === undefined || port === hostPort)
}

function isNamed(pattern: string, host: string): boolean {
  if (pattern === '*') return true
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern
}
