/** One broken rule of a schema. */
export interface Violation {
  /** Field names and 0-based list positions from the parsed value down; `[]` for the whole. */
  readonly path: readonly (string | number)[]
  /** Kong's text for the broken rule. */
  readonly message: string
  /** `entity`: a rule across fields, listed under `@entity`; `field`: about the value at `path`. */
  readonly kind: 'field' | 'entity'
}

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly violations: readonly Violation[] }
