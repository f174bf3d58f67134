import net from 'node:net'

/** A TCP client that sends what it is told and keeps what comes. */
export interface RawClient extends Disposable {
  readonly socket: net.Socket
  /** Everything received, a character a byte. */
  readonly text: string
  readonly isClosed: boolean
  send(bytes: string | Buffer): void
  /** Waits for text to come; fails when the connection closes before. */
  sees(wanted: string | RegExp): Promise<string>
  /** Waits for the connection to close. @returns everything received */
  closes(): Promise<string>
}

/** Connects to a port of this machine. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  let text = ''
  let isClosed = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of waiting) check()
  }
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
    wake()
  })
  socket.on('error', () => {
    // A reset is a close to whoever waits for one.
  })
  socket.on('close', () => {
    isClosed = true
    wake()
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })

  const until = (holds: () => boolean, what: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const check = () => {
        if (!holds() && !isClosed) return
        waiting.delete(check)
        if (holds()) resolve(text)
        else reject(new Error(`Closed before ${what} came: ${JSON.stringify(text.slice(-500))}`))
      }
      waiting.add(check)
      check()
    })

  return {
    socket,
    get text() {
      return text
    },
    get isClosed() {
      return isClosed
    },
    send: (bytes) => void socket.write(bytes, 'latin1'),
    sees: (wanted) =>
      until(
        () => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)),
        String(wanted),
      ),
    closes: () => until(() => isClosed, 'the close'),
    [Symbol.dispose]: () => void socket.destroy(),
  }
}
