import { readFileSync } from 'node:fs'
import type { KeepAlive } from '../proxy/transport/transport.ts'
import type { KeepAliveFlag } from '../settings/listener.ts'

/** What `so_keepalive` asks for; the system's own values where it does not say. */
export function keepAliveOf(flag: KeepAliveFlag | undefined): KeepAlive | undefined {
  if (flag === undefined) return undefined
  return {
    isOn: flag.isOn,
    idleSeconds: flag.idleSeconds ?? systemValue('time', 7200),
    intervalSeconds: flag.intervalSeconds ?? systemValue('intvl', 75),
    probes: flag.probes ?? systemValue('probes', 9),
  }
}

/** @param fallback where there is no such file; the values of RFC 1122 and of Linux */
function systemValue(name: string, fallback: number): number {
  try {
    const text = readFileSync(`/proc/sys/net/ipv4/tcp_keepalive_${name}`, 'utf8')
    return Number(text) || fallback
  } catch {
    // Not Linux.
    return fallback
  }
}
