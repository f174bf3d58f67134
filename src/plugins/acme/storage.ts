/** Where accounts, certificates and challenges are kept, for all who share it. Texts by key. */
export interface AcmeStorage {
  get(key: string): Promise<string | undefined>
  /** @param ttlSeconds absent: for good */
  set(key: string, value: string, ttlSeconds?: number): Promise<void>
  /** @returns whether it was not there yet */
  add(key: string, value: string, ttlSeconds: number): Promise<boolean>
  delete(key: string): Promise<void>
  list(prefix: string): Promise<readonly string[]>
}
