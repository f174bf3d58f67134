/** What the handles of TCP and TLS have in common. */
export interface StreamHandle {
  /** Whoever its callbacks are for. */
  owner: unknown
  useUserBuffer(buffer: Buffer): void
  readStart(): number
  readStop(): number
  writeLatin1String(request: WriteRequest, text: string): number
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
  shutdown(request: object): number
}

/** The part of Node's TCP handle that the fast transport uses. */
export interface TcpHandle extends StreamHandle {
  onread: (this: TcpHandle) => Buffer | undefined
  setNoDelay(on: boolean): number
  setKeepAlive(on: boolean, idleSeconds: number, intervalSeconds?: number, probes?: number): number
  connect(request: ConnectRequest, address: string, port: number): number
  connect6(request: ConnectRequest, address: string, port: number): number
  getpeername(into: AddressParts): number
  getsockname(into: AddressParts): number
  close(callback?: () => void): void
  reset(callback?: () => void): number
}

export interface AddressParts {
  address?: string
  port?: number
}

export interface WriteRequest {
  transport: unknown
  /** What is being written, held until it is. */
  bytes: Buffer | undefined
  /** Bytes of it. */
  length: number
  oncomplete: (this: WriteRequest, status: number) => void
}

export interface ConnectRequest {
  oncomplete: (status: number) => void
}

export interface TcpBinding {
  readonly newHandle: () => TcpHandle
  readonly newWriteRequest: () => WriteRequest
  readonly newShutdownRequest: () => object
  readonly newConnectRequest: () => ConnectRequest
  /** Result of the last read or write call: see the two positions below. */
  readonly state: Int32Array
  readonly readBytesOrError: number
  readonly lastWriteWasAsync: number
}

interface RawBindings {
  readonly TCP: new (type: number) => TcpHandle
  readonly TCPConnectWrap: new () => ConnectRequest
  readonly constants: { readonly SOCKET: number }
  readonly WriteWrap: new () => WriteRequest
  readonly ShutdownWrap: new () => object
  readonly streamBaseState: Int32Array
  readonly kReadBytesOrError: number
  readonly kLastWriteWasAsync: number
}

/** Node majors on which the write contract below is known to hold. */
const KNOWN_MAJORS = [24, 26]

export function isKnownNode(): boolean {
  return KNOWN_MAJORS.includes(Number(process.versions.node.split('.')[0]))
}

/**
 * Node's own socket handle, where this Node is known to have the contract the fast transport needs:
 * a write call returns an error code and says in the state array whether it is still under way.
 *
 * @returns nothing on other versions; the public transport is used then
 */
export function tcpBinding(): TcpBinding | undefined {
  const bind = (process as unknown as { binding?: (name: string) => RawBindings }).binding
  if (!isKnownNode() || bind === undefined) return undefined
  const tcp = bind.call(process, 'tcp_wrap')
  const stream = bind.call(process, 'stream_wrap')
  return {
    newHandle: () => new tcp.TCP(tcp.constants.SOCKET),
    newWriteRequest: () => new stream.WriteWrap(),
    newShutdownRequest: () => new stream.ShutdownWrap(),
    newConnectRequest: () => new tcp.TCPConnectWrap(),
    state: stream.streamBaseState,
    readBytesOrError: stream.kReadBytesOrError,
    lastWriteWasAsync: stream.kLastWriteWasAsync,
  }
}
