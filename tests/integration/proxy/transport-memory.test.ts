import { createHash } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import v8 from 'node:v8'
import vm from 'node:vm'
import { describe, expect, it } from 'vitest'
import { fastSockets } from '../../../src/proxy/transport/fast-sockets.ts'
import type { Transport } from '../../../src/proxy/transport/transport.ts'

const BYTES = 16 * 1024 * 1024

describe('the fast transport', () => {
  it('sends what it was given, though the giver let go of it and the reader is late', async () => {
    v8.setFlagsFromString('--expose_gc')
    const collectGarbage = vm.runInNewContext('gc') as () => void
    const server = net.createServer({ pauseOnConnect: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const accepted = once(server, 'connection') as Promise<[net.Socket]>
    const transport = await connect((server.address() as net.AddressInfo).port)
    const [reader] = await accepted
    const sent = writePattern(transport)
    expect(transport.isCongested).toBe(true)
    // What is freed is given to others, or back to the system.
    const others: Buffer[] = []
    for (let turn = 0; turn < 8; turn += 1) {
      collectGarbage()
      others.push(Buffer.alloc(BYTES, 0xff))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const received = createHash('sha256')
    let length = 0
    reader.on('data', (bytes: Buffer) => {
      received.update(bytes)
      length += bytes.length
      if (length === BYTES) transport.destroy()
    })
    reader.resume()
    await once(reader, 'close')
    server.close()
    expect(length).toBe(BYTES)
    expect(received.digest('hex')).toBe(sent)
    expect(others).toHaveLength(8)
  })
})

function connect(port: number): Promise<Transport> {
  return new Promise((resolve, reject) => {
    fastSockets()!.connect('127.0.0.1', port, {
      onConnected: resolve,
      onConnectFailed: (code) => reject(new Error(code)),
    })
  })
}

/** @returns the hash of what was written, of which nothing else is kept */
function writePattern(transport: Transport): string {
  const bytes = Buffer.allocUnsafeSlow(BYTES)
  for (let at = 0; at < BYTES; at += 4) bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at)
  const hash = createHash('sha256').update(bytes).digest('hex')
  transport.writeBytes(bytes)
  return hash
}
