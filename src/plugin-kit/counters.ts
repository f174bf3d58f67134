/** Counters that end, each at its own time. */
export interface Counters {
  get(key: string, nowSeconds: number): number
  /**
   * @param by may be negative, to take back
   * @param expiresAtSeconds of a counter that begins with this addition
   * @returns the count with this addition
   */
  add(key: string, by: number, expiresAtSeconds: number, nowSeconds: number): number
}
