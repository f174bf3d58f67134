import { fastSockets } from './fast-sockets.ts'
import { publicSockets } from './public-sockets.ts'
import { sendsAndReceives } from './self-test.ts'
import { securesConnections } from './tls-self-test.ts'
import type { Sockets } from './sockets.ts'

/**
 * Chooses how connections are driven. The fast way is taken only where this very process has shown
 * that it works: an echo over loopback with writes that do not go out at once.
 */
export async function chooseSockets(
  choice: 'auto' | 'public' | 'fast',
  warn: (message: string) => void,
): Promise<Sockets> {
  if (choice === 'public') return publicSockets
  const fast = fastSockets()
  const [isRight, securesToo] = fast === undefined ? [] : await tried(fast)
  if (isRight === true) return securesToo === true ? fast! : withoutTls(fast!, warn)
  if (choice === 'fast' || fast !== undefined)
    warn(`Cannot use the fast transport on Node ${process.versions.node}: the public one is used`)
  return publicSockets
}

function tried(fast: Sockets): Promise<[boolean, boolean]> {
  return Promise.all([sendsAndReceives(fast), securesConnections(fast)])
}

/** TLS takes the public way then, and nothing else does. */
function withoutTls(fast: Sockets, warn: (message: string) => void): Sockets {
  warn(`Cannot use the fast transport for TLS on Node ${process.versions.node}`)
  return { ...fast, acceptTls: undefined }
}
