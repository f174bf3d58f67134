/** What the groups of a route's regex path matched. */
export interface UriCaptures {
  readonly named: Readonly<Record<string, string>>
  readonly unnamed: readonly string[]
}
