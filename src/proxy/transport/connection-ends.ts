import type { AddressParts, TcpHandle } from './tcp-binding.ts'
import type { KeepAlive } from './transport.ts'

/** What whoever drives a connection on its handle can tell of it, and set. */
export class ConnectionEnds {
  protected readonly tcp: TcpHandle
  #remote: AddressParts | undefined
  #local: AddressParts | undefined

  constructor(tcp: TcpHandle) {
    this.tcp = tcp
  }

  get remoteAddress(): string {
    return this.#remoteParts.address ?? ''
  }

  get remotePort(): number {
    return this.#remoteParts.port ?? 0
  }

  get localAddress(): string {
    return this.#localParts.address ?? ''
  }

  get localPort(): number {
    return this.#localParts.port ?? 0
  }

  get #remoteParts(): AddressParts {
    return (this.#remote ??= asked((parts) => this.tcp.getpeername(parts)))
  }

  get #localParts(): AddressParts {
    return (this.#local ??= asked((parts) => this.tcp.getsockname(parts)))
  }

  /** Of no effect on a connection that is closed. */
  setKeepAlive({ isOn, idleSeconds, intervalSeconds, probes }: KeepAlive): void {
    this.tcp.setKeepAlive(isOn, idleSeconds, intervalSeconds, probes)
  }
}

function asked(ask: (parts: AddressParts) => number): AddressParts {
  const parts: AddressParts = {}
  ask(parts)
  return parts
}
