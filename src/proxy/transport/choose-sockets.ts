import { fastSockets } from './fast-sockets.ts'
import { publicSockets } from './public-sockets.ts'
import { sendsAndReceives } from './self-test.ts'
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
  if (fast !== undefined && (await sendsAndReceives(fast))) return fast
  if (choice === 'fast' || fast !== undefined)
    warn(`Cannot use the fast transport on Node ${process.versions.node}: the public one is used`)
  return publicSockets
}
