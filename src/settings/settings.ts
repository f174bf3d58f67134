import type { Listener } from './listener.ts'
import type { SettingValues } from './properties.ts'

/** How the process runs, read and checked. Properties have their `kong.conf` names. */
export interface Settings extends SettingValues {
  readonly listeners: {
    readonly proxy: readonly Listener[]
    readonly admin: readonly Listener[]
    readonly status: readonly Listener[]
    readonly console: readonly Listener[]
    readonly stream: readonly Listener[]
    readonly cluster: readonly Listener[]
  }
  /** Ports as clients see them, by the port of the listener. */
  readonly hostPorts: ReadonlyMap<number, number>
  /** Injected nginx directives: accepted, shown in `GET /`. */
  readonly injected: ReadonlyMap<string, string>
  /** Texts as given, references to secrets unresolved: what `.kong_env` keeps. */
  readonly given: ReadonlyMap<string, string>
}

/** One thing wrong with the settings. */
export interface SettingsProblem {
  /** Kong's text, where it has one. */
  readonly message: string
  /** `kong.conf:12`, `KONG_LOG_LEVEL`; absent for a default or several properties. */
  readonly origin?: string | undefined
}

export type SettingsResult =
  | {
      readonly ok: true
      readonly settings: Settings
      readonly warnings: readonly string[]
      /** Where each property was given that was: `kong.conf:12`, `KONG_LOG_LEVEL`. */
      readonly origins: ReadonlyMap<string, string>
    }
  | {
      readonly ok: false
      readonly problems: readonly SettingsProblem[]
      readonly warnings: readonly string[]
    }
