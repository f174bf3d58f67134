import dgram from 'node:dgram'
import { describe, expect, it, vi } from 'vitest'
import type { StreamContext } from './stream-context.ts'
import { startUdpListener } from './udp-listener.ts'

describe('startUdpListener', () => {
  it('drops datagrams from port 0, to which no answer can be sent', async () => {
    const sockets = vi.spyOn(dgram, 'createSocket')
    let asked = 0
    const context = {
      // The first thing a session would need.
      get udpSessions() {
        asked += 1
        return 0
      },
      log: { warn: () => undefined, error: () => undefined },
    } as unknown as StreamContext
    const listener = await startUdpListener({ host: '127.0.0.1', port: 0 }, context)
    const socket = sockets.mock.results[0]!.value as dgram.Socket
    // No socket but a raw one can send such a datagram.
    const arrive = (port: number) =>
      socket.emit('message', Buffer.from('a'), { address: '127.0.0.1', port })
    arrive(0)
    expect(asked).toBe(0)
    arrive(1)
    expect(asked).toBeGreaterThan(0)
    listener.close()
    sockets.mockRestore()
  })
})
