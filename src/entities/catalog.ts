import type { Parsed } from '../schema/violation.ts'
import type { EntityCheck, RecordSpec } from '../schema/field.ts'
import type { Entity, EntityKind, Protocol } from './entity.ts'

/** What the catalog must know of a plugin; `plugin-kit`'s `Plugin` is one. */
export interface PluginSchema {
  readonly name: string
  readonly config: RecordSpec
  readonly checks: readonly EntityCheck[]
  readonly protocols: {
    readonly allowed: readonly Protocol[]
    readonly default: readonly Protocol[]
  }
  readonly not: readonly ('consumer' | 'route' | 'service')[]
  readonly entities: readonly EntityKind[]
}

export interface ParseOptions {
  /**
   * `insert`: defaults and automatic values are filled in (POST, PUT, files).
   * `update`: `input` is merged over `current` as PATCH does, then checked as a whole.
   */
  readonly mode: 'insert' | 'update'
  readonly current?: Entity
  /** Unix time in seconds for automatic times. */
  readonly nowSeconds: number
  /** In files: do not run transformations (`_transform: false`). */
  readonly skipTransformations?: boolean
}

/** All entity kinds of this process, core ones and those of the loaded plugins, and how to parse them. */
export interface Catalog {
  kinds(): readonly EntityKind[]
  kind(name: string): EntityKind | undefined
  plugin(name: string): PluginSchema | undefined
  pluginNames(): readonly string[]
  /** Parses a row. Foreign keys must be `{ id }` here; resolving names is the caller's. */
  parse(kind: string, input: unknown, options: ParseOptions): Parsed<Entity>
  /** The answer of `GET /schemas/{kind}`. */
  describe(kind: string): Readonly<Record<string, unknown>> | undefined
  /** The answer of `GET /schemas/plugins/{name}`. */
  describePlugin(name: string): Readonly<Record<string, unknown>> | undefined
  /** The answer of `GET /schemas/vaults/{name}`. */
  describeVault(name: string): Readonly<Record<string, unknown>> | undefined
  /** Adds mirrored deprecated fields and leaves out what answers never show. */
  present(kind: string, row: Entity): Readonly<Record<string, unknown>>
}
