import type { Door, Guard } from '../scenarios.ts'
import type { BenchSecrets } from '../secrets.ts'

/** A running proxy that can be put under load. */
export interface Contender extends AsyncDisposable {
  readonly name: string
  readonly version: string
  /** Root of the process tree whose cost counts; absent where nothing stands before the upstream. */
  readonly pid?: number
  /** Where its configuration can be replaced, and the file it has. */
  readonly control?: { readonly adminUrl: string; readonly config: string }
  /** URL whose path a scenario extends, or nothing where the proxy has no such check or door. */
  url(guard: Guard, door: Door): string | undefined
}

export interface ContenderSetup {
  readonly upstreamPort: number
  /** The same upstream, spoken to over HTTP/2 in clear text. */
  readonly upstreamHttp2Port: number
  readonly core: number
  readonly folder: string
  readonly secrets: BenchSecrets
}
