import type { EntitySet } from '../entities/entity.ts'
import type { ErrorFields } from '../schema/kong-errors.ts'

/** A declarative configuration as text. */
export interface DeclarativeText {
  readonly text: string
  /** Decides about YAML or JSON, and stands before the position in messages. */
  readonly fileName?: string
}

/** A configuration that was read, checked and made complete. */
export interface DeclarativeConfig {
  readonly ok: true
  /** Flat, parsed, with ids, defaults, times and foreign keys as `{ id }`. */
  readonly entities: EntitySet
  /** MD5 in hex of the text, or of the document it was given as; 32 zeros without entities. */
  readonly hash: string
  /** As written, before it was brought to 3.0. */
  readonly formatVersion: string
  /** Where each entity stands in the document, by `<kind>/<id>`; made when asked for. */
  places(): ReadonlyMap<string, readonly (string | number)[]>
}

/** Everything that is wrong with a configuration. */
export interface DeclarativeRefusal {
  readonly ok: false
  /** Kong's `declarative config is invalid: {…}`; the answer's `message`. */
  readonly message: string
  /** Kong's nested texts, as `POST /config` shows them. */
  readonly fields: ErrorFields
  /** One by one, in the order of the file. */
  readonly faults: readonly DeclarativeFault[]
  /** The answer to `flatten_errors=1`; made when asked for. */
  flattened(): FlattenedErrors
}

export interface DeclarativeFault {
  /** Keys and 0-based list positions from the document down. */
  readonly path: readonly (string | number)[]
  readonly message: string
  /** 1-based; absent when the document did not come as text. */
  readonly line?: number
  readonly column?: number
  /** What to do about it, where that can be guessed: `did you mean key_claim_name?`. */
  readonly hint?: string
}

/** What an answer to `flatten_errors=1` has in place of `message` and `fields`. */
export interface FlattenedErrors {
  readonly message: string
  /** What belongs to no entity. */
  readonly fields: ErrorFields
  /** An empty object when there is none, as Kong writes it; absent when nothing could be read. */
  readonly flattened_errors?: readonly FlattenedError[] | Readonly<Record<string, never>>
}

export interface FlattenedError {
  /** The entity's key in files without its last letter: `service`, `jwt_secret`. */
  readonly entity_type: string
  readonly entity_id?: string
  readonly entity_name?: string
  readonly entity_tags?: readonly string[]
  /** As written, without the entities nested in it. */
  readonly entity: Readonly<Record<string, unknown>>
  readonly errors: readonly {
    readonly type: 'field' | 'entity'
    readonly field?: string
    readonly message: string
  }[]
}

export type DeclarativeResult = DeclarativeConfig | DeclarativeRefusal
