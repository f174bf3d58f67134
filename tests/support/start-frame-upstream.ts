import net from 'node:net'
import { frame, FrameType, PREFACE, readFrames, type Frame } from './http2-frames.ts'

/** What an upstream sees of the gateway on one connection, and says to it. */
export interface FramePeer {
  readonly socket: net.Socket
  /** All that has come, in its order. */
  readonly frames: readonly Required<Frame>[]
  /** Ids of requests whose head has come. */
  readonly streams: readonly number[]
  send(frames: readonly Buffer[]): void
}

export interface FrameUpstreamOptions {
  /** What each connection is told at once; SETTINGS of nothing when absent. @param connection from 0 */
  readonly opening?: (connection: number) => readonly Buffer[]
}

/** SETTINGS of these pairs. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6)
  for (const [index, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, index * 6)
    payload.writeUInt32BE(value, index * 6 + 2)
  }
  return frame({ type: FrameType.settings, payload })
}

export function windowUpdate(stream: number, increment: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(increment)
  return frame({ type: FrameType.windowUpdate, stream, payload })
}

/** Speaks HTTP/2 by hand: the settings at once, and what the test says when a request has come. */
export async function startFrameUpstream(
  onRequest: (peer: FramePeer, stream: number) => void,
  { opening = () => [settings()] }: FrameUpstreamOptions = {},
) {
  /** `type code` of what the gateway has sent to end streams or sessions. */
  const endings: string[] = []
  const peers: FramePeer[] = []
  const server = net.createServer({ noDelay: true }, (socket) => {
    let rest = Buffer.alloc(0)
    let hasPreface = false
    const streams: number[] = []
    const frames: Required<Frame>[] = []
    const peer: FramePeer = {
      socket,
      frames,
      streams,
      send: (said) => void socket.write(Buffer.concat(said)),
    }
    socket.on('error', () => {})
    socket.on('data', (piece: Buffer) => {
      rest = Buffer.concat([rest, piece])
      if (!hasPreface && rest.length >= PREFACE.length) {
        hasPreface = true
        rest = rest.subarray(PREFACE.length)
      }
      if (!hasPreface) return
      for (const come of readFrames(rest)) {
        const { type, stream, payload } = come
        rest = rest.subarray(9 + payload.length)
        frames.push(come)
        if (type === FrameType.rstStream) endings.push(`reset ${payload.readUInt32BE()}`)
        if (type === FrameType.goaway) endings.push(`goaway ${payload.readUInt32BE(4)}`)
        if (type !== FrameType.headers) continue
        streams.push(stream)
        onRequest(peer, stream)
      }
    })
    const first = opening(peers.push(peer) - 1)
    if (first.length > 0) peer.send(first)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    endings,
    /** By connection, in the order in which they came. */
    peers: peers as readonly FramePeer[],
    async [Symbol.asyncDispose]() {
      for (const { socket } of peers) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
