import dgram from 'node:dgram'
import net, { isIPv6 } from 'node:net'
import type { Listener } from '../settings/listener.ts'
import { portHolder } from './port-holder.ts'
import { StartFault } from './start-fault.ts'

/**
 * Makes sure that the ports are free, before anything is started. The listeners themselves share
 * their ports, so they would quietly split the requests with whoever else is there.
 *
 * @throws {StartFault} naming the first port that is taken, and by whom
 */
export async function checkPorts(listeners: readonly Listener[]): Promise<void> {
  for (const listener of listeners) {
    if (listener.port === 0) continue
    if (listener.udp) await checkUdpPort(listener)
    else await checkPort(listener)
  }
}

async function checkPort({ ip, port }: Listener): Promise<void> {
  const probe = net.createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject)
      probe.listen({ host: ip, port, exclusive: true }, resolve)
    })
  } catch (error) {
    throw bindFault(error as NodeJS.ErrnoException, ip, port)
  } finally {
    await new Promise<void>((resolve) => probe.close(() => resolve()))
  }
}

async function checkUdpPort({ ip, port }: Listener): Promise<void> {
  const probe = dgram.createSocket(isIPv6(ip) ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject)
      probe.bind({ address: ip, port, exclusive: true }, resolve)
    })
  } catch (error) {
    throw bindFault(error as NodeJS.ErrnoException, ip, port, 'udp')
  } finally {
    probe.close()
  }
}

/** Says why an address cannot be listened on, and what to do. */
export function bindFault(
  { code, message }: NodeJS.ErrnoException,
  ip: string,
  port: number,
  kind: 'tcp' | 'udp' = 'tcp',
): StartFault {
  if (ip.startsWith('unix:')) return unixFault(code, message, ip)
  const address = ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
  if (code === 'EADDRINUSE') {
    const holder = portHolder(port, kind)
    const by = holder === undefined ? 'by another process' : `by ${holder}`
    return new StartFault(
      `bind() to ${address} failed (98: Address already in use): the port is taken ${by}; stop it, or set another port`,
    )
  }
  if (code === 'EACCES')
    return new StartFault(
      `bind() to ${address} failed (13: Permission denied): ports below 1024 need privileges; set a higher port`,
    )
  if (code === 'EADDRNOTAVAIL')
    return new StartFault(
      `bind() to ${address} failed (99: Cannot assign requested address): it is no address of this machine`,
    )
  return new StartFault(`bind() to ${address} failed: ${message}`)
}

function unixFault(code: string | undefined, message: string, address: string): StartFault {
  const start = `bind() to ${address} failed`
  if (code === 'EADDRINUSE')
    return new StartFault(`${start}: somebody listens there; stop it, or set another path`)
  if (code === 'EACCES')
    return new StartFault(`${start}: its folder cannot be written; set another path`)
  return new StartFault(`${start}: ${message}`)
}
