/** What the groups of a route's regex path matched. */
export interface UriCaptures {
  readonly named: Readonly<Record<string, string>>
  /** By group number; 0 is all that matched, and a group that took no part is empty. */
  readonly unnamed: readonly string[]
}
