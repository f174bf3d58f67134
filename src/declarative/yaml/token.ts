/** A place in a text; both count from 0. */
export interface Mark {
  readonly line: number
  readonly column: number
}

/** What ends a line in YAML 1.1. */
export const LINE_BREAK = /\r\n|[\r\n\x85\u2028\u2029]/

export type TokenKind =
  | 'stream-start'
  | 'stream-end'
  | 'directive'
  | 'document-start'
  | 'document-end'
  | 'block-sequence-start'
  | 'block-mapping-start'
  | 'block-end'
  | 'flow-sequence-start'
  | 'flow-sequence-end'
  | 'flow-mapping-start'
  | 'flow-mapping-end'
  | 'flow-entry'
  | 'block-entry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar'

export interface Token extends Mark {
  readonly kind: TokenKind
  /** A scalar's text, the name of an anchor or alias, a tag, or a directive's line. */
  readonly text: string
  /** A scalar without quotes, whose type follows from its letters. */
  readonly isPlain: boolean
}

/** A text that is no YAML. */
export class YamlFault extends Error {
  readonly mark: Mark

  constructor(problem: string, mark: Mark) {
    super(problem)
    this.mark = mark
  }
}
