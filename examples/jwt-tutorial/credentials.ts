export interface NameAndPassword {
  readonly username: string
  readonly password: string
}

/** Reads `{"username": …, "password": …}` from a parsed JSON body, or nothing when it is not that. */
export function readNameAndPassword(body: unknown): NameAndPassword | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { username, password } = body as Partial<Record<string, unknown>>
  if (typeof username !== 'string' || typeof password !== 'string') return undefined
  if (!/^[a-z0-9-]{1,40}$/.test(username) || password.length < 8) return undefined
  return { username, password }
}
