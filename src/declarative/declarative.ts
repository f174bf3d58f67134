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
}

/** Everything that is wrong with a configuration. */
export interface DeclarativeRefusal {
  readonly ok: false
  /** Kong's `declarative config is invalid: {…}`, or `failed parsing declarative configuration: …`. */
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

export interface FlattenedErrors {
  /** What belongs to no entity. */
  readonly fields: ErrorFields
  readonly flattened_errors: readonly Readonly<Record<string, unknown>>[]
}

export type DeclarativeResult = DeclarativeConfig | DeclarativeRefusal
