/** How connections to a service are secured; equal ones share connections. */
export interface UpstreamTls {
  /** Part of the connection pool's key. */
  readonly key: string
  readonly verify: boolean
  readonly verifyDepth: number
  /** PEM of the trusted authorities; empty: none is trusted. */
  readonly ca: readonly string[]
  readonly certificate: { readonly cert: string; readonly key: string } | undefined
}
