import { createServer } from 'node:http'
import net from 'node:net'

/**
 * An upstream, and a load on a gateway before it, in a process of their own: requests come at a
 * fixed rate whatever becomes of those before, and each one's time runs from when it was due, so
 * that a pause of the gateway is felt by all requests that fall into it.
 *
 * Told `{port, path, perSecond, seconds}`, it answers with the times in ms.
 */
export interface LoadOrder {
  /** Of the gateway. */
  readonly port: number
  readonly path: string
  readonly perSecond: number
  readonly seconds: number
}

export type FromLoad =
  | { readonly kind: 'ready'; readonly upstreamPort: number }
  | { readonly kind: 'times'; readonly ms: readonly number[]; readonly failures: number }

const CONNECTIONS = 32
const WARM_UP_MS = 500

const upstream = createServer((_request, response) => response.end('ok'))
upstream.keepAliveTimeout = 600_000
upstream.listen(0, '127.0.0.1', () => {
  say({ kind: 'ready', upstreamPort: (upstream.address() as net.AddressInfo).port })
})
process.on('message', (order: LoadOrder) => void run(order).then(say))

function say(message: FromLoad): void {
  process.send!(message)
}

async function run({ port, path, perSecond, seconds }: LoadOrder): Promise<FromLoad> {
  const ms: number[] = []
  let failures = 0
  const text = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`
  const waiting: number[] = []
  const idle: Connection[] = []
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      connect(port, (connection, dueAt, isGood) => {
        if (dueAt >= startedAt + WARM_UP_MS) ms.push(performance.now() - dueAt)
        if (!isGood) failures += 1
        const next = waiting.shift()
        if (next === undefined) idle.push(connection)
        else connection.ask(text, next)
      }),
    ),
  )
  idle.push(...connections)
  const startedAt = performance.now()
  const total = Math.round(perSecond * (seconds + WARM_UP_MS / 1000))
  let sent = 0
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond))
      for (; sent < due; sent += 1) {
        const dueAt = startedAt + (sent / perSecond) * 1000
        const connection = idle.pop()
        if (connection === undefined) waiting.push(dueAt)
        else connection.ask(text, dueAt)
      }
      if (sent < total || idle.length < CONNECTIONS) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  for (const connection of connections) connection.close()
  return { kind: 'times', ms, failures }
}

interface Connection {
  /** @param dueAt when the request should have been sent */
  ask(text: string, dueAt: number): void
  close(): void
}

function connect(
  port: number,
  onAnswer: (connection: Connection, dueAt: number, isGood: boolean) => void,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    let due = 0
    const connection: Connection = {
      ask(text, dueAt) {
        due = dueAt
        socket.write(text)
      },
      close: () => socket.destroy(),
    }
    // Answers are so short that each comes in one piece.
    socket.on('data', (bytes) =>
      onAnswer(connection, due, bytes.toString('latin1', 9, 12) === '200'),
    )
    socket.once('connect', () => resolve(connection))
    socket.once('error', reject)
  })
}
