import { Socket } from 'node:net'
import type { Listener } from './listener.ts'

/** Says which flags of a `*_listen` property do nothing, and why. */
export function listenWarnings(name: string, listeners: readonly Listener[]): readonly string[] {
  return listeners.flatMap((listener) => {
    const warnings =
      name === 'proxy_listen' || name === 'stream_listen'
        ? clientWarnings(listener)
        : otherWarnings(listener)
    return warnings.map((text) => `${name}: ${text}, at '${String(listener.shown['listener'])}'`)
  })
}

const FOR_TCP = /^(bind|reuseport|ipv6only=.*|so_keepalive=.*)$/

function clientWarnings({ shown, path, keepAlive }: Listener): readonly string[] {
  const warnings: string[] = []
  if (shown['deferred'] === true)
    warnings.push("'deferred' has no effect: Node has no way to ask the system for it")
  if ((keepAlive?.intervalSeconds ?? keepAlive?.probes) !== undefined && !knowsProbes())
    warnings.push("of 'so_keepalive' only the idle time has an effect with this version of Node")
  for (const [flag, isSet] of Object.entries(shown))
    if (path !== undefined && isSet === true && FOR_TCP.test(flag))
      warnings.push(`'${flag}' has no effect on a unix socket`)
  return warnings
}

/** The servers of the control plane take TLS and HTTP/2; the rest is for traffic. */
function otherWarnings({ shown }: Listener): readonly string[] {
  const flags = Object.entries(shown).filter(([, isSet]) => isSet === true)
  return flags
    .map(([flag]) => flag)
    .filter((flag) => /^(proxy_protocol|deferred|so_keepalive=.*)$/.test(flag))
    .map((flag) => `'${flag}' has an effect in proxy_listen only`)
}

/** Whether interval and number of probes can be set. */
function knowsProbes(): boolean {
  return Socket.prototype.setKeepAlive.length >= 4
}
