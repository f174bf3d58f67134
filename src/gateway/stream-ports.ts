import type { PortsByListener } from './proxy-listeners.ts'

/** What the ports of streams are known by among those of a worker. */
export const STREAM_KEY_PREFIX = 'stream '

/** The ports of streams among all of a worker, in their order. */
export function streamPortsAmong(ports: PortsByListener): readonly number[] {
  return [...ports].flatMap(([key, port]) => (key.startsWith(STREAM_KEY_PREFIX) ? [port] : []))
}
