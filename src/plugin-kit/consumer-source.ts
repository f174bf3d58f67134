import type { Consumer, Entity } from '../entities/entity.ts'

/**
 * Where consumers and credentials are that the configuration does not have, e.g. a database of users.
 * Each worker remembers answers for a while; one that is remembered is given at once.
 */
export interface ConsumerSource {
  /** Whether it can know anything of this kind of entity. */
  knows(kind: string): boolean
  /**
   * Looks a credential or a consumer up.
   *
   * @param kind `consumers`, or the name of an entity of credentials
   * @param field what is unique and known of it
   * @param client address of whoever brought the value, who may not try out any number of them; absent
   *   where the value is vouched for, as that in a token with a good signature is
   * @returns a promise only when somebody has to be asked; it never rejects
   */
  find(
    kind: string,
    field: string,
    value: string,
    client?: string,
  ): SourceAnswer | Promise<SourceAnswer>
  /** Groups of a consumer that came from here; nothing for any other. */
  groupsOf(consumer: Consumer): readonly string[] | undefined
}

export type SourceAnswer = SourcedRecord | NoRecord | SourceUnavailable

export interface SourcedRecord {
  readonly kind: 'found'
  readonly consumer: Consumer
  /** Absent where a consumer was asked for. */
  readonly credential: Entity | undefined
  /** Unix time in s up to which what follows from it may be kept. Earlier once it is forgotten. */
  readonly usableUntil: number
}

export interface NoRecord {
  readonly kind: 'none'
}

/** Nobody knows: the source is down, slow or broken. Its log line says why. */
export interface SourceUnavailable {
  readonly kind: 'unavailable'
}

/** The source, where one is configured that can know this kind; ask once, when an instance is made. */
export function sourceOf(
  { consumerSource }: { readonly consumerSource?: ConsumerSource | undefined },
  kind: string,
): ConsumerSource | undefined {
  return consumerSource?.knows(kind) ? consumerSource : undefined
}

/** Goes on with a value at once, or when it is there. */
export function whenKnown<Value, Result>(
  value: Value | Promise<Value>,
  goOn: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(goOn) : goOn(value)
}
