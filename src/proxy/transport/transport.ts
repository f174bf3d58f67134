import type { Socket } from 'node:net'

/** Pieces up to this size are copied into one write with what goes before them; larger ones are written alone. */
export const JOINED_BYTES = 16_384

/** What a connection tells the one who drives it. */
export interface TransportOwner {
  /**
   * Bytes came: the first `length` of `bytes`. They are valid during the call only; what outlives it
   * must be copied, or written with {@link Transport.writeBytes}, which sees to that itself.
   */
  onBytes(bytes: Buffer, length: number): void
  /** The peer will send no more. */
  onEnd(): void
  /** Everything written has been handed to the system. */
  onDrained(): void
  /** The connection is gone; nothing follows. Called once. */
  onClosed(): void
}

/**
 * A byte stream under the codec. Two implementations pass the same tests: one on documented Node
 * API, one on the socket handle itself, without a stream object between.
 */
export interface Transport {
  owner: TransportOwner
  /** A write has not been handed to the system whole: stop producing until `onDrained`. */
  readonly isCongested: boolean
  readonly isClosed: boolean
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Writes a string of one byte a character. */
  writeText(text: string): void
  /** Writes bytes, which may lie in the read buffer. */
  writeBytes(bytes: Buffer): void
  /**
   * Says whether many reads in a row will be passed on by `writeBytes` of another transport.
   * @param isBufferFree on the way back: whether all that was read has left the gateway
   */
  setBulk(isBulk: boolean, isBufferFree?: boolean): void
  pause(): void
  resume(): void
  /** Sends what is written, then says that no more will come. */
  end(): void
  /** Sends what is written, then closes. */
  close(): void
  destroy(): void
  /** Closes with a reset, so that the peer does not take what it got for whole. */
  reset(): void
  /** Has the system ask a silent peer whether it is still there. */
  setKeepAlive(rules: KeepAlive): void
  /**
   * Gives the connection up to a stream object, for what cannot do without one: TLS and HTTP/2. The
   * owner hears no more of it.
   * @param rest bytes that were read already; the stream begins with them
   */
  toSocket(rest: Buffer): Socket
}

/** Probes of a connection on which nothing comes. Absent: as the system has it. */
export interface KeepAlive {
  readonly isOn: boolean
  readonly idleSeconds: number
  readonly intervalSeconds?: number | undefined
  readonly probes?: number | undefined
}
