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

/** What holds for services that do not say: the same for all, from the settings of the process. */
export type UpstreamTlsDefaults = Pick<UpstreamTls, 'ca' | 'certificate'>
