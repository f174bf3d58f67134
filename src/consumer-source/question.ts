/** What a source is asked: whose field has this value? */
export interface Question {
  /** `consumers`, or the name of an entity of credentials, e.g. `jwt_secrets`. */
  readonly kind: string
  /** `key`, `username`, … */
  readonly field: string
  readonly value: string
}

/**
 * Asks a source.
 *
 * @param signal fires when nobody waits for the answer any longer
 * @returns what it says, unchecked: see {@link readRecord}; nothing when it knows nobody
 * @throws {SourceFault} or anything else when it cannot be asked
 */
export type Ask = (question: Question, signal: AbortSignal) => Promise<unknown>

/** Why a source has no answer. Its message goes to the log, so it holds no value and no secret. */
export class SourceFault extends Error {
  /** Whether others would fare the same; else it is this question that the source has trouble with. */
  readonly isOutage: boolean

  constructor(message: string, options: ErrorOptions & { readonly isOutage: boolean }) {
    super(message, options)
    this.name = 'SourceFault'
    this.isOutage = options.isOutage
  }
}
