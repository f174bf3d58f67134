import type { ServerTls } from '../server-tls.ts'

/** A place where sessions begin. */
export interface StreamListener {
  /** 0 for a unix socket. */
  readonly port: number
  /**
   * Begins no more sessions, and lets those there are end.
   * @param timeoutMs what is still open then is cut off
   */
  drain(timeoutMs: number): Promise<void>
  /** Cuts everything off. */
  close(): void
  /** Other certificates and rules of TLS, for connections from now on. */
  renewTls(options: ServerTls['options']): void
}
