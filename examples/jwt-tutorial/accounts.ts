import { hashPassword, isPassword, type PasswordHash } from './passwords.ts'

/** Users and the hashes of their passwords, kept in memory: restarting forgets all but the seeded ones. */
export interface Accounts {
  readonly names: () => readonly string[]
  /** @returns false when the name is taken */
  add(name: string, password: string): Promise<boolean>
  check(name: string, password: string): Promise<boolean>
}

export async function createAccounts(seed: Readonly<Record<string, string>>): Promise<Accounts> {
  const hashes = new Map<string, PasswordHash>()
  // An unknown name costs as much time as a known one, so that time does not tell which names exist.
  const nobody = await hashPassword('')

  const accounts: Accounts = {
    names: () => [...hashes.keys()],
    async add(name, password) {
      const hash = await hashPassword(password)
      if (hashes.has(name)) return false
      hashes.set(name, hash)
      return true
    },
    async check(name, password) {
      const matches = await isPassword(password, hashes.get(name) ?? nobody)
      return matches && hashes.has(name)
    },
  }
  for (const [name, password] of Object.entries(seed)) await accounts.add(name, password)
  return accounts
}
