import type { ProxyExchange } from './exchange.ts'

export interface ClientAddress {
  readonly ip: string
  readonly port: number
}

/**
 * Who the client is: the connecting peer, or what a trusted peer says through `real_ip_header`.
 * Only a trusted peer is believed; in a list the last entry counts, or with `real_ip_recursive` the
 * last one that is not trusted itself.
 */
export function clientAddress(exchange: ProxyExchange): ClientAddress {
  const { facts } = exchange.downstream
  const { realIp } = exchange.context
  const peer = { ip: facts.peerIp, port: facts.peerPort }
  if (!facts.isTrusted) return peer
  if (realIp.header === 'proxy_protocol') return facts.proxied ?? peer
  const values = exchange.head.fields.values(realIp.header)
  if (values.length === 0) return peer
  const entries = values
    .join(',')
    .split(',')
    .map((entry) => entry.trim())
  let found = peer
  for (const entry of entries.reverse()) {
    const address = parseAddress(entry)
    if (address === undefined) return found
    found = { ip: address.ip, port: address.port ?? found.port }
    if (!realIp.isRecursive || !realIp.isTrusted(address.ip)) return found
  }
  return found
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `[::1]:80`. */
function parseAddress(text: string): { ip: string; port: number | undefined } | undefined {
  const match =
    /^\[([0-9a-fA-F:.]+)\](?::(\d{1,5}))?$/.exec(text) ??
    /^(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?$/.exec(text) ??
    /^([0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/.exec(text)
  if (match === null) return undefined
  return { ip: match[1]!, port: match[2] === undefined ? undefined : Number(match[2]) }
}
